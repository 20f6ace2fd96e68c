#include "gateway/limits.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

namespace rolegate::gateway {
std::string address_group(std::string_view address) {
  // The interface of a link-local address is no part of what inet_pton reads.
  const std::string host(address.substr(0, address.find('%')));
  in6_addr ipv6{};
  if (::inet_pton(AF_INET6, host.c_str(), &ipv6) != 1) return std::string(address);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (IN6_IS_ADDR_V4MAPPED(&ipv6)) {
    ::inet_ntop(AF_INET, ipv6.s6_addr + 12, text.data(), text.size());
    return text.data();
  }
  // A network is given to its user by the /64 at least (RFC 6177): counted one by one, whoever has one could
  // guess from 2^64 addresses.
  std::fill(std::begin(ipv6.s6_addr) + 8, std::end(ipv6.s6_addr), std::uint8_t{0});
  ::inet_ntop(AF_INET6, &ipv6, text.data(), text.size());
  return fmt::format("{}/64", text.data());
}

FailureSlowdown::FailureSlowdown(Limits limits)
    : limits_(limits), most_failures_([&] {
        unsigned failures = limits.free + 1;
        for (auto wait = limits.first; wait < limits.most; wait *= 2) ++failures;
        return failures;
      }()) {}

std::chrono::milliseconds FailureSlowdown::wait_after(unsigned failures) const {
  if (failures <= limits_.free) return std::chrono::milliseconds(0);
  auto wait = limits_.first;
  for (unsigned i = limits_.free + 1; i < failures && wait < limits_.most; ++i) wait *= 2;
  return std::min(wait, limits_.most);
}

unsigned FailureSlowdown::left(const Entry& entry, base::SteadyTime now) const {
  const auto forgiven = (now - entry.last) / limits_.forgive_one;
  return forgiven >= entry.failures ? 0U : entry.failures - static_cast<unsigned>(forgiven);
}

std::chrono::milliseconds FailureSlowdown::wait(std::string_view address, base::SteadyTime now) const {
  const std::string group = address_group(address);
  const std::lock_guard lock(mutex_);
  const auto known = by_group_.find(group);
  return wait_after(known == by_group_.end() ? 0U : left(*known->second, now));
}

void FailureSlowdown::failed(std::string_view address, base::SteadyTime now) {
  std::string group = address_group(address);
  const std::lock_guard lock(mutex_);
  const auto drop_oldest = [&] {
    by_group_.erase(entries_.front().group);
    entries_.pop_front();
  };
  while (!entries_.empty() && left(entries_.front(), now) == 0) drop_oldest();

  const auto known = by_group_.find(group);
  if (known != by_group_.end()) {
    entries_.splice(entries_.end(), entries_, known->second);
  } else {
    entries_.push_back({std::move(group), 0, now});
    by_group_.emplace(entries_.back().group, std::prev(entries_.end()));
  }
  Entry& entry = entries_.back();
  entry.failures = std::min(left(entry, now) + 1, most_failures_);
  entry.last = now;
  while (entries_.size() > limits_.addresses) drop_oldest();
}

std::size_t FailureSlowdown::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

bool OnceAMinute::is_due(base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (said_ && now - *said_ < std::chrono::minutes(1)) return false;
  said_ = now;
  return true;
}

}  // namespace rolegate::gateway

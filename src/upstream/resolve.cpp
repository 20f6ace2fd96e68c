#include "upstream/resolve.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "upstream/errc.hpp"

namespace rolegate::upstream {
namespace {

constexpr int kMostThreads = 32;

/// How many look-ups are under way in the process. The limit is the process's, so the count is too.
std::atomic<int> lookups_under_way{0};

/// Threads do not go along with a fork: in the child none is under way.
[[maybe_unused]] const int registered = ::pthread_atfork(nullptr, nullptr, [] { lookups_under_way = 0; });

struct FreeAddresses {
  void operator()(addrinfo* addresses) const noexcept { ::freeaddrinfo(addresses); }
};

bool is_address(const std::string& host) {
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

LookedUp ask_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  const std::unique_ptr<addrinfo, FreeAddresses> owner(found);
  LookedUp answer;
  if (error != 0) {
    answer.reason = error == EAI_SYSTEM ? std::generic_category().message(errno) : ::gai_strerror(error);
    answer.retryable = error == EAI_AGAIN;
    return answer;
  }
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    char text[NI_MAXHOST];
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) != 0)
      continue;
    if (std::ranges::find(answer.addresses, text) == answer.addresses.end())
      answer.addresses.emplace_back(text);
  }
  if (answer.addresses.empty()) answer.reason = "it has no address";
  return answer;
}

/// What the two threads share; whoever is last lets go of it.
struct Shared {
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<LookedUp> answer;
};

base::Error busy(const std::string& host) {
  return base::make_error(
      Errc::resolve_failed,
      fmt::format("{} cannot be resolved: {} earlier look-ups still wait for the name server.", host,
                  kMostThreads),
      "The name servers of /etc/resolv.conf do not answer.", true);
}

}  // namespace

base::Result<std::vector<std::string>> resolve(const std::string& host, std::uint16_t port,
                                               base::Deadline deadline) {
  if (is_address(host)) return std::vector<std::string>{host};
  return resolve(host, port, deadline, ask_system);
}

base::Result<std::vector<std::string>> resolve(const std::string& host, std::uint16_t port,
                                               base::Deadline deadline,
                                               std::function<LookedUp(const std::string& host)> look_up) {
  if (lookups_under_way.fetch_add(1) >= kMostThreads) {
    lookups_under_way.fetch_sub(1);
    return std::unexpected(busy(host));
  }
  const auto shared = std::make_shared<Shared>();
  try {
    std::thread([shared, host, look_up = std::move(look_up)] {
      LookedUp answer = look_up(host);
      {
        const std::lock_guard lock(shared->mutex);
        shared->answer = std::move(answer);
      }
      shared->answered.notify_one();
      lookups_under_way.fetch_sub(1);
    }).detach();
  } catch (const std::system_error&) {
    lookups_under_way.fetch_sub(1);
    return std::unexpected(busy(host));
  }
  std::unique_lock lock(shared->mutex);
  if (!shared->answered.wait_until(lock, deadline.at(), [&] { return shared->answer.has_value(); })) {
    return base::fail(Errc::connect_timeout,
                      fmt::format("{} was not resolved in time: the name server did not answer.", host),
                      "Check the name servers of /etc/resolv.conf, or raise connect_timeout.", true);
  }
  if (!shared->answer->addresses.empty()) return std::move(shared->answer->addresses);
  return base::fail(
      Errc::resolve_failed, fmt::format("{} cannot be resolved: {}.", host, shared->answer->reason),
      fmt::format(
          "Check the host name. An endpoint inside a VPC has no address outside of it: through a tunnel, add "
          "connect_to=HOST:PORT to sqlalchemy_uri and keep the endpoint's own name and port {} in it.",
          port),
      shared->answer->retryable);
}

base::Result<std::vector<std::string>> resolve_step(const login::Login& login, base::Deadline deadline,
                                                    login::Steps* steps) {
  auto look_up = [&] {
    auto addresses = resolve(login.dial.host, login.dial.port, deadline);
    if (!addresses)
      addresses.error().message = fmt::format("Database '{}': {}", login.database, addresses.error().message);
    return addresses;
  };
  if (steps == nullptr) return look_up();
  auto addresses = steps->walk(login::StepName::resolve, look_up);
  if (addresses) steps->detail(fmt::format("{}", fmt::join(*addresses, ", ")));
  return addresses;
}

}  // namespace rolegate::upstream

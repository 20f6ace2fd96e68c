#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.hpp"

namespace rolegate::gateway {

/// How long a refusal is held back, per client address: nothing for the first failures, then twice as long
/// each time, up to a bound; it is forgotten after a while without failures or by a success. The table is
/// bounded: the address longest without a failure goes first. IPv6 addresses count by their /64. Thread-safe.
class FailureSlowdown {
 public:
  struct Limits {
    unsigned free = 2;
    std::chrono::milliseconds first{250};
    std::chrono::milliseconds most{8000};
    std::chrono::seconds forget{300};
    std::size_t addresses = 10000;
  };
  explicit FailureSlowdown(Limits limits) : limits_(limits) {}
  FailureSlowdown() : FailureSlowdown(Limits{}) {}

  /// Notes a failure and says how long to hold its answer back. `address`: numeric host, or "uid 1001".
  [[nodiscard]] std::chrono::milliseconds failed(std::string_view address, base::SteadyTime now);
  void succeeded(std::string_view address);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::string group;
    unsigned failures = 0;
    base::SteadyTime last;
  };
  using Entries = std::list<Entry>;
  [[nodiscard]] std::chrono::milliseconds delay(unsigned failures) const;

  const Limits limits_;
  mutable std::mutex mutex_;
  Entries entries_;  ///< the one longest without a failure first
  std::unordered_map<std::string_view, Entries::iterator> by_group_;  ///< its keys live in entries_
};

/// The group an address belongs to: an IPv4 address (mapped or not) is its own, an IPv6 one its /64.
[[nodiscard]] std::string address_group(std::string_view address);

/// Upstream logins per second: a bucket of one second's worth. Whoever finds it empty gets a place in line,
/// if the line is not longer than `patience`. 0 per second or less: no limit. Thread-safe.
class LoginRate {
 public:
  explicit LoginRate(int per_second) : per_second_(per_second) {}

  /// How long to wait before logging in; nothing: the line is too long, and no place was taken.
  [[nodiscard]] std::optional<std::chrono::milliseconds> reserve(base::SteadyTime now,
                                                                 std::chrono::milliseconds patience);

 private:
  const int per_second_;
  std::mutex mutex_;
  base::SteadyTime next_{};  ///< when the place after the last one would be due, were there no bucket
};

}  // namespace rolegate::gateway

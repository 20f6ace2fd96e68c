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

/// How long a client waits before a proof of who it is is looked at: by the failed proofs of its address,
/// whoever they were for. Nothing for the first ones, then twice as long with each, up to a bound; each while
/// without a failure forgives one. A success forgives nothing: who guesses may have a right password of his
/// own, or share the address with people who have. The table is bounded: the address longest without a
/// failure goes first. IPv6 addresses count by their /64. Thread-safe.
class FailureSlowdown {
 public:
  struct Limits {
    unsigned free = 1;  ///< failures that nobody waits for
    std::chrono::milliseconds first{250};
    /// Leaves four of the ten seconds that many clients wait for the login itself.
    std::chrono::milliseconds most{6000};
    std::chrono::seconds forgive_one{30};
    std::size_t addresses = 10000;
  };
  explicit FailureSlowdown(Limits limits);
  FailureSlowdown() : FailureSlowdown(Limits{}) {}

  /// `address`: numeric host, or "uid 1001".
  [[nodiscard]] std::chrono::milliseconds wait(std::string_view address, base::SteadyTime now) const;
  void failed(std::string_view address, base::SteadyTime now);
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::string group;
    unsigned failures = 0;  ///< not forgiven yet at the time of the last one
    base::SteadyTime last;
  };
  using Entries = std::list<Entry>;
  [[nodiscard]] std::chrono::milliseconds wait_after(unsigned failures) const;
  [[nodiscard]] unsigned left(const Entry& entry, base::SteadyTime now) const;

  const Limits limits_;
  const unsigned most_failures_;  ///< more of them change nothing
  mutable std::mutex mutex_;
  Entries entries_;  ///< the one longest without a failure first
  std::unordered_map<std::string_view, Entries::iterator> by_group_;  ///< its keys live in entries_
};

/// The group an address belongs to: an IPv4 address (mapped or not) is its own, an IPv6 one its /64.
[[nodiscard]] std::string address_group(std::string_view address);

/// For a warning that would be said again and again. Thread-safe.
class OnceAMinute {
 public:
  /// True the first time, and when a minute has passed since it last was.
  [[nodiscard]] bool is_due(base::SteadyTime now);

 private:
  std::mutex mutex_;
  std::optional<base::SteadyTime> said_;
};

}  // namespace rolegate::gateway

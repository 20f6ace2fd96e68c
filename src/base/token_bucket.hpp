#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "base/clock.hpp"

namespace rolegate::base {

/// So many a second: a bucket of one second's worth. Whoever finds it empty may take what it will hold later.
/// 0 per second or less: no limit.
class TokenBucket {
 public:
  explicit TokenBucket(int per_second) : per_second_(per_second) {}

  /// How long until there is one, when so many others are taken before.
  [[nodiscard]] std::chrono::milliseconds wait(SteadyTime now, std::size_t others = 0) const;
  /// Takes one, and says how long to wait until it is there; nothing: longer than `patience`, and none was
  /// taken.
  [[nodiscard]] std::optional<std::chrono::milliseconds> reserve(SteadyTime now,
                                                                 std::chrono::milliseconds patience);

 private:
  [[nodiscard]] std::chrono::nanoseconds interval() const { return kSecond / per_second_; }

  static constexpr std::chrono::nanoseconds kSecond = std::chrono::seconds(1);
  const int per_second_;
  SteadyTime next_{};  ///< when the one after the last would be due, were there no bucket
};

}  // namespace rolegate::base

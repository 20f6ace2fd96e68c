#pragma once

#include <chrono>

namespace rolegate::base {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

/// Time, injected. Expiry is judged by the wall clock; how long something may take, by the steady one.
/// Implementations are safe to call from several threads.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime now() const = 0;
  [[nodiscard]] virtual SteadyTime steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  }
  [[nodiscard]] SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

/// A point on the steady clock by which an operation must have ended. Passed down by value: what a step uses
/// up is missing to the next one.
class Deadline {
 public:
  explicit Deadline(SteadyTime at) : at_(at) {}
  static Deadline in(std::chrono::milliseconds time) {
    return Deadline(std::chrono::steady_clock::now() + time);
  }

  [[nodiscard]] SteadyTime at() const { return at_; }
  /// Never negative.
  [[nodiscard]] std::chrono::milliseconds left() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now());
    return left.count() > 0 ? left : std::chrono::milliseconds(0);
  }
  [[nodiscard]] bool passed() const { return left().count() == 0; }
  /// The nearer one of this deadline and `time` from now: a step's own limit inside the whole's.
  [[nodiscard]] Deadline within(std::chrono::milliseconds time) const {
    const Deadline other = in(time);
    return other.at_ < at_ ? other : *this;
  }

 private:
  SteadyTime at_;
};

}  // namespace rolegate::base

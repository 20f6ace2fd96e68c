#pragma once

#include <atomic>
#include <chrono>

#include "base/clock.hpp"

namespace rolegate::test {

/// Both clocks, moved by hand.
class FakeClock final : public base::Clock {
 public:
  [[nodiscard]] base::WallTime now() const override {
    return base::WallTime(std::chrono::milliseconds(wall_));
  }
  [[nodiscard]] base::SteadyTime steady() const override {
    return base::SteadyTime(std::chrono::milliseconds(steady_));
  }

  void advance(std::chrono::milliseconds time) {
    wall_ += time.count();
    steady_ += time.count();
  }
  /// What a suspended machine sees: the wall clock went on, the steady one stood still. Also somebody setting
  /// the clock, back when negative.
  void jump(std::chrono::milliseconds time) { wall_ += time.count(); }

 private:
  std::atomic<std::int64_t> wall_{1'767'323'045'000};  // 2026-01-02T03:04:05Z
  std::atomic<std::int64_t> steady_{5'000'000};
};

}  // namespace rolegate::test

#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace rolegate::test {

/// How long a test waits for another thread before it fails; never reached when all is well.
inline constexpr std::chrono::seconds kPatience{30};

/// Something that calls are held at until the test lets them through.
class Gate {
 public:
  void close() {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  void open() {
    {
      const std::lock_guard lock(mutex_);
      open_ = true;
    }
    changed_.notify_all();
  }
  /// What a call does: arrives, and waits while the gate is closed, at most until `until`. False: it was too
  /// late.
  bool pass(std::chrono::steady_clock::time_point until = std::chrono::steady_clock::now() + kPatience) {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    return changed_.wait_until(lock, until, [this] { return open_; });
  }
  /// What the test does: waits until that many calls have arrived since the beginning.
  [[nodiscard]] bool wait_for_arrivals(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return arrived_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  int arrived_ = 0;
};

/// Waits for a condition that nobody signals; a bounded wait, not a sleep.
template <typename Condition>
[[nodiscard]] bool eventually(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace rolegate::test

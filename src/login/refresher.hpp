#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace rolegate::login {

/// Looks from time to time whether something must be renewed. The period is short and the caches judge by the
/// wall clock, so a machine that was suspended renews within one period of waking up; a timer set for "in
/// eight minutes" would sleep on, because its clock stood still. While nothing is in use the thread waits
/// without waking up, and before the first use there is none.
class Refresher {
 public:
  /// `check` starts what renewals are due, without waiting for them, and says whether anything is still in
  /// use.
  explicit Refresher(std::function<bool()> check, std::chrono::milliseconds period = std::chrono::seconds(15))
      : check_(std::move(check)), period_(period) {}
  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;
  ~Refresher() { stop(); }

  /// Something is in use. Costs one atomic exchange when that was known.
  void arm();
  /// Idempotent; does not wait for renewals, they belong to the base::CallPool.
  void stop();
  [[nodiscard]] bool started();

 private:
  void run();

  const std::function<bool()> check_;
  const std::chrono::milliseconds period_;
  std::atomic<bool> armed_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<std::thread> thread_;
  bool stopped_ = false;
};

}  // namespace rolegate::login

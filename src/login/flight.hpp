#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace rolegate::login {

/// One call that many threads wait for. Each waits as long as it likes; the call goes on whoever gives up.
template <typename Value>
class Flight {
 public:
  using Outcome = base::Result<std::shared_ptr<const Value>>;

  /// When it started, by the machine's own steady clock: what `wait` goes by, too.
  [[nodiscard]] base::SteadyTime started() const { return started_; }

  /// Wakes everybody. Only the first landing counts.
  void land(Outcome outcome) {
    {
      const std::lock_guard lock(mutex_);
      if (outcome_) return;
      outcome_.emplace(std::move(outcome));
    }
    landed_.notify_all();
  }

  /// What came out; nothing when that is not known at `until`.
  [[nodiscard]] std::optional<Outcome> wait(base::SteadyTime until) {
    std::unique_lock lock(mutex_);
    if (!landed_.wait_until(lock, until, [this] { return outcome_.has_value(); })) return std::nullopt;
    return outcome_;
  }

 private:
  const base::SteadyTime started_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  std::condition_variable landed_;
  std::optional<Outcome> outcome_;
};

}  // namespace rolegate::login

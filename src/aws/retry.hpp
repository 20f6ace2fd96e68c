#pragma once

#include <chrono>
#include <functional>

#include "base/clock.hpp"
#include "base/environment.hpp"
#include "base/error.hpp"

namespace rolegate::aws {

/// How often and how long: AWS_MAX_ATTEMPTS (default 3, or 5 with AWS_RETRY_MODE=legacy); between attempts a
/// random time between 0 and min(cap, base · 2ⁿ⁻¹) after the n-th attempt ("full jitter",
/// https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
struct RetryPolicy {
  int max_attempts = 3;
  std::chrono::milliseconds base{100};
  std::chrono::milliseconds cap{5000};
  /// Gives a number in [0, 1); injected for tests.
  std::function<double()> random;
  /// Waits; injected for tests.
  std::function<void(std::chrono::milliseconds)> wait;
};

/// The policy of a real program; AWS_MAX_ATTEMPTS outside 1–20 or no number counts as the default.
[[nodiscard]] RetryPolicy make_retry_policy(const base::Environment& environment);

/// The pause before attempt `attempt` + 1 (the first attempt is 1). Pure.
[[nodiscard]] std::chrono::milliseconds backoff(const RetryPolicy& policy, int attempt, double random);

/// Calls `attempt` until it succeeds, fails with an error that is not retryable, the attempts are used up, or
/// the deadline leaves no room for the pause.
template <typename T>
base::Result<T> with_retries(const RetryPolicy& policy, base::Deadline deadline,
                             const std::function<base::Result<T>()>& attempt) {
  for (int n = 1;; ++n) {
    base::Result<T> result = attempt();
    if (result || !result.error().retryable || n >= policy.max_attempts) return result;
    const auto pause = backoff(policy, n, policy.random());
    if (pause >= deadline.left()) return result;
    policy.wait(pause);
  }
}

}  // namespace rolegate::aws

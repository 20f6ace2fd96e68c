#include "aws/retry.hpp"

#include <algorithm>
#include <charconv>
#include <random>
#include <thread>

namespace rolegate::aws {
namespace {

constexpr int kMaxAttempts = 20;
constexpr int kLegacyAttempts = 5;

int max_attempts(const base::Environment& environment) {
  // What all modes have in common is here; "adaptive" would hold requests back, and there are hardly any.
  const int otherwise =
      environment.get_or("AWS_RETRY_MODE", {}) == "legacy" ? kLegacyAttempts : RetryPolicy{}.max_attempts;
  const auto text = environment.get("AWS_MAX_ATTEMPTS");
  if (!text) return otherwise;
  int value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  const bool number = error == std::errc() && end == text->data() + text->size();
  return number && value >= 1 && value <= kMaxAttempts ? value : otherwise;
}

/// Pauses are rare and long; asking the system each time keeps this free of state that threads would share.
double system_random() {
  std::random_device device;
  return std::uniform_real_distribution<double>(0.0, 1.0)(device);
}

}  // namespace

RetryPolicy make_retry_policy(const base::Environment& environment) {
  RetryPolicy policy;
  policy.max_attempts = max_attempts(environment);
  policy.random = system_random;
  policy.wait = [](std::chrono::milliseconds pause) { std::this_thread::sleep_for(pause); };
  return policy;
}

std::chrono::milliseconds backoff(const RetryPolicy& policy, int attempt, double random) {
  // Beyond 2²⁰ the cap has long been reached; the bound keeps the shift defined.
  const int doublings = std::clamp(attempt - 1, 0, 20);
  const auto limit = std::min<std::chrono::milliseconds>(policy.cap, policy.base * (1LL << doublings));
  const double share = std::clamp(random, 0.0, 1.0);
  return std::chrono::milliseconds(static_cast<long long>(static_cast<double>(limit.count()) * share));
}

}  // namespace rolegate::aws

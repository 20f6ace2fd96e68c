#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace rolegate::login {

/// The steps of the one path (docs: DESIGN), in order. Not every login walks each: Redshift has a cache, a
/// password database asks AWS nothing.
enum class StepName {
  config,
  feature_flag,
  base_credentials,
  role_credentials,
  login,
  resolve,
  tcp,
  tls,
  handshake,
  query
};
/// "configuration", "feature flag", "base credentials", "role credentials", "login", "resolve", "TCP", "TLS",
/// "handshake", "query": for people; `step_code` gives the JSON form ("base_credentials").
[[nodiscard]] std::string_view step_title(StepName name);
[[nodiscard]] std::string_view step_code(StepName name);

struct Step {
  StepName name;
  std::chrono::microseconds duration{0};
  std::string
      detail;  ///< "environment variables (AKIA…)", "cached", "TLSv1.3 TLS_AES_256_GCM_SHA384"; no secret
  std::optional<base::Error> error;
};

/// Collects steps as they are walked. Used by one thread at a time.
class Steps {
 public:
  /// Runs `work` (returns a Result) as one step: times it, keeps its error.
  template <typename Work>
  auto walk(StepName name, Work&& work) {
    const auto start = std::chrono::steady_clock::now();
    auto result = work();
    add(name, std::chrono::steady_clock::now() - start);
    if (!result) steps_.back().error = result.error();
    return result;
  }
  void add(StepName name, std::chrono::steady_clock::duration time, std::string detail = {},
           std::optional<base::Error> error = std::nullopt) {
    steps_.push_back({name, std::chrono::duration_cast<std::chrono::microseconds>(time), std::move(detail),
                      std::move(error)});
  }
  /// Says more about the step that was walked last.
  void detail(std::string text) { steps_.back().detail = std::move(text); }
  [[nodiscard]] const std::vector<Step>& all() const { return steps_; }

 private:
  std::vector<Step> steps_;
};

}  // namespace rolegate::login

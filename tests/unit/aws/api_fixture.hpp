#pragma once

#include <chrono>
#include <vector>

#include "aws/api.hpp"
#include "base/clock.hpp"
#include "base/environment.hpp"
#include "base/iso8601.hpp"
#include "base/log.hpp"
#include "unit/aws/fake_http.hpp"

namespace rolegate::aws::testing {

/// Stands still at a given wall time.
class StillClock final : public base::Clock {
 public:
  explicit StillClock(base::WallTime now) : now_(now) {}
  [[nodiscard]] base::WallTime now() const override { return now_; }
  [[nodiscard]] base::SteadyTime steady() const override { return {}; }

 private:
  base::WallTime now_;
};

/// What a service client stands on, all of it fake. The time is 2026-01-02T03:04:05Z.
struct ApiFixture {
  base::FixedEnvironment environment;
  StillClock clock{*base::parse_iso8601("2026-01-02T03:04:05Z")};
  FakeHttp http;
  base::NoLog log;
  std::vector<std::chrono::milliseconds> pauses;
  base::Deadline deadline = base::Deadline::in(std::chrono::minutes(10));

  ApiContext context() {
    RetryPolicy retry;
    retry.random = [] { return 0.5; };
    retry.wait = [this](std::chrono::milliseconds pause) { pauses.push_back(pause); };
    return {environment, clock, http, log, std::move(retry)};
  }
};

/// The key of AWS's own examples.
inline Credentials example_credentials(std::string_view session_token = {}) {
  Credentials credentials;
  credentials.access_key_id = "AKIDEXAMPLE";
  credentials.secret_access_key = base::Secret(std::string_view("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"));
  credentials.session_token = base::Secret(session_token);
  credentials.identity = "arn:aws:iam::111111111111:role/App";
  return credentials;
}

}  // namespace rolegate::aws::testing

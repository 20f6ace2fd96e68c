#include "aws/retry.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "aws/api.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::milliseconds;

RetryPolicy policy_with(std::vector<milliseconds>& pauses) {
  RetryPolicy policy;
  policy.random = [] { return 1.0; };
  policy.wait = [&pauses](milliseconds pause) { pauses.push_back(pause); };
  return policy;
}

base::Deadline far() { return base::Deadline::in(std::chrono::hours(1)); }

TEST(Retry, StopsAtTheFirstSuccess) {
  std::vector<milliseconds> pauses;
  int calls = 0;
  const auto result = with_retries<int>(policy_with(pauses), far(), [&]() -> base::Result<int> {
    if (++calls == 2) return 7;
    return base::fail(ApiErrc::throttled, "busy", {}, true);
  });
  EXPECT_EQ(result.value(), 7);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(pauses, std::vector{milliseconds(100)});
}

TEST(Retry, GivesTheLastErrorWhenTheAttemptsAreUsedUp) {
  std::vector<milliseconds> pauses;
  int calls = 0;
  const auto result = with_retries<int>(policy_with(pauses), far(), [&]() -> base::Result<int> {
    return base::fail(ApiErrc::throttled, std::to_string(++calls), {}, true);
  });
  EXPECT_EQ(result.error().message, "3");
  EXPECT_EQ(pauses, (std::vector{milliseconds(100), milliseconds(200)}));
}

TEST(Retry, DoesNotRepeatWhatIsNotRetryable) {
  std::vector<milliseconds> pauses;
  int calls = 0;
  const auto result = with_retries<int>(policy_with(pauses), far(), [&]() -> base::Result<int> {
    ++calls;
    return base::fail(ApiErrc::access_denied, "no");
  });
  EXPECT_FALSE(result);
  EXPECT_EQ(calls, 1);
}

TEST(Retry, DoesNotWaitPastTheDeadline) {
  std::vector<milliseconds> pauses;
  int calls = 0;
  const auto soon = base::Deadline::in(milliseconds(50));
  const auto result = with_retries<int>(policy_with(pauses), soon, [&]() -> base::Result<int> {
    ++calls;
    return base::fail(ApiErrc::throttled, "busy", {}, true);
  });
  EXPECT_FALSE(result);
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(pauses.empty());
}

TEST(Backoff, DoublesUpToTheCap) {
  const RetryPolicy policy;
  EXPECT_EQ(backoff(policy, 1, 1.0), milliseconds(100));
  EXPECT_EQ(backoff(policy, 2, 1.0), milliseconds(200));
  EXPECT_EQ(backoff(policy, 6, 1.0), milliseconds(3200));
  EXPECT_EQ(backoff(policy, 7, 1.0), milliseconds(5000));
  EXPECT_EQ(backoff(policy, 1000, 1.0), milliseconds(5000));
}

TEST(Backoff, HasFullJitter) {
  const RetryPolicy policy;
  EXPECT_EQ(backoff(policy, 3, 0.0), milliseconds(0));
  EXPECT_EQ(backoff(policy, 3, 0.25), milliseconds(100));
}

TEST(RetryPolicyOfEnvironment, ReadsAwsMaxAttempts) {
  const auto attempts = [](const char* value) {
    return make_retry_policy(base::FixedEnvironment({{"AWS_MAX_ATTEMPTS", value}})).max_attempts;
  };
  EXPECT_EQ(attempts("1"), 1);
  EXPECT_EQ(attempts("20"), 20);
  for (const char* bad : {"", "0", "-1", "21", "3x", " 3", "99999999999999"})
    EXPECT_EQ(attempts(bad), 3) << bad;
}

TEST(RetryPolicyOfEnvironment, HasARandomOfItsOwn) {
  const auto policy = make_retry_policy(base::FixedEnvironment());
  for (int i = 0; i < 100; ++i) {
    const double number = policy.random();
    EXPECT_GE(number, 0.0);
    EXPECT_LT(number, 1.0);
  }
}

}  // namespace
}  // namespace rolegate::aws

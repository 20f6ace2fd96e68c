// What the caches say of themselves, for metrics and audit: which credentials they hold, and which AWS call
// gave them.
#include <thread>

#include <gmock/gmock.h>

#include "unit/login/login_fixture.hpp"

namespace rolegate::login {
namespace {

using namespace std::chrono_literals;
using testing::IsEmpty;
using testing::SizeIs;

using CredentialStates = LoginTest;

TEST_F(CredentialStates, AreNoneBeforeTheFirstLogin) { EXPECT_THAT(service->credentials(), IsEmpty()); }

TEST_F(CredentialStates, NameRoleRegionAndBothTimes) {
  const base::WallTime start = clock.now();
  ASSERT_TRUE(log_in(aurora()));
  clock.advance(3min);
  const auto states = service->credentials();
  ASSERT_THAT(states, SizeIs(1));
  EXPECT_EQ(states[0].role_arn, "arn:aws:iam::222222222222:role/Access");
  EXPECT_EQ(states[0].region, "eu-west-1");
  EXPECT_EQ(states[0].target, "");
  EXPECT_EQ(states[0].obtained_at, start);
  EXPECT_EQ(states[0].expires_at, start + 1h);
}

TEST_F(CredentialStates, ShowWhenTheyWereObtainedAnew) {
  ASSERT_TRUE(log_in(aurora()));
  clock.advance(11min);
  ASSERT_TRUE(log_in(aurora()));
  const auto states = service->credentials();
  ASSERT_THAT(states, SizeIs(1));
  EXPECT_EQ(states[0].obtained_at, clock.now());
  EXPECT_EQ(states[0].expires_at, clock.now() + 1h);
}

TEST_F(CredentialStates, ShowRedshiftLoginsAfterRoles) {
  ASSERT_TRUE(log_in(redshift()));
  ASSERT_TRUE(log_in(serverless()));
  ASSERT_TRUE(log_in(aurora("arn:aws:iam::333333333333:role/Other")));
  const auto states = service->credentials();
  ASSERT_THAT(states, SizeIs(4));
  EXPECT_EQ(states[0].target, "");
  EXPECT_EQ(states[0].role_arn, "arn:aws:iam::333333333333:role/Other");
  EXPECT_EQ(states[1].target, "");
  EXPECT_EQ(states[1].role_arn, "arn:aws:iam::222222222222:role/Access");
  EXPECT_EQ(states[2].target, "redshift-serverless my-workgroup");
  EXPECT_EQ(states[3].target, "redshift my-cluster");
  EXPECT_EQ(states[3].role_arn, "arn:aws:iam::222222222222:role/Access");
  EXPECT_EQ(states[3].region, "eu-west-1");
  EXPECT_EQ(states[3].obtained_at, clock.now());
  EXPECT_EQ(states[3].expires_at, clock.now() + 900s);
}

TEST_F(CredentialStates, HaveNoRoleInTheSameAccount) {
  auto database = redshift();
  database.aws_iam->role_arn.clear();
  ASSERT_TRUE(log_in(database));
  const auto states = service->credentials();
  ASSERT_THAT(states, SizeIs(1));
  EXPECT_EQ(states[0].role_arn, "");
  EXPECT_EQ(states[0].target, "redshift my-cluster");
}

TEST_F(CredentialStates, LeaveOutWhatHasEndedAndWhatNeverCame) {
  ASSERT_TRUE(log_in(aurora()));
  aws.denying = true;
  ASSERT_FALSE(log_in(aurora("arn:aws:iam::333333333333:role/Other")));
  EXPECT_THAT(service->credentials(), SizeIs(1));
  clock.advance(59min);
  EXPECT_THAT(service->credentials(), SizeIs(1));
  clock.advance(1min);
  EXPECT_THAT(service->credentials(), IsEmpty());
}

TEST_F(CredentialStates, CanBeAskedForWhileLoginsGoOn) {
  ASSERT_TRUE(log_in(aurora()));
  std::atomic<bool> stop{false};
  std::thread asking([&] {
    while (!stop) EXPECT_THAT(service->credentials(), testing::Not(IsEmpty()));
  });
  for (int n = 0; n < 200; ++n) {
    EXPECT_TRUE(log_in(aurora(), n % 10 == 0 ? Fresh::yes : Fresh::no));
    clock.advance(5s);
  }
  stop = true;
  asking.join();
}

using RequestId = LoginTest;

TEST_F(RequestId, IsThatOfAssumeRoleAlsoFromTheCache) {
  const auto first = log_in(aurora());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->request_id, "req-sts-1");
  const auto cached = log_in(aurora());
  ASSERT_TRUE(cached && cached->from_cache);
  EXPECT_EQ(cached->request_id, "req-sts-1");
  const auto other = log_in(aurora("arn:aws:iam::333333333333:role/Other"));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->request_id, "req-sts-2");
  clock.advance(11min);
  const auto renewed = log_in(aurora());
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->request_id, "req-sts-3");
}

TEST_F(RequestId, IsEmptyWhereNoCallWasNeeded) {
  // The machine's own credentials were given by STS, but not for this login.
  provider.rotate("ASIAEXAMPLE1", "web identity:arn:aws:iam::111111111111:role/App", std::nullopt, "req-web");
  const auto same_account = log_in(aurora(""));
  ASSERT_TRUE(same_account);
  EXPECT_EQ(same_account->request_id, "");
  config::Database with_password = aurora();
  with_password.aws_iam.reset();
  const auto password = log_in(with_password);
  ASSERT_TRUE(password);
  EXPECT_EQ(password->request_id, "");
}

TEST_F(RequestId, IsThatOfTheRedshiftCall) {
  const auto login = log_in(redshift());
  ASSERT_TRUE(login);
  EXPECT_EQ(login->request_id, "req-rs-1");
  EXPECT_EQ(log_in(redshift())->request_id, "req-rs-1");
}

}  // namespace
}  // namespace rolegate::login

// The role-credential cache as logins see it: STS stalled, down, and asked by many at once.
#include <thread>
#include <vector>

#include "base/call_pool.hpp"
#include "login/role_credentials.hpp"
#include "unit/login/login_fixture.hpp"

namespace rolegate::login {
namespace {

using namespace std::chrono_literals;

using LoginServiceCache = LoginTest;

TEST_F(LoginServiceCache, Makes1AssumeRoleFor64LoginsAnd1MoreForAnotherRole) {
  aws.gate.close();
  const auto database = aurora();
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int n = 0; n < 64; ++n) threads.emplace_back([&] { done += log_in(database) ? 1 : 0; });
  ASSERT_TRUE(test::eventually([&] { return service->counters().cache_misses == 64; }));
  aws.gate.open();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(done, 64);
  EXPECT_EQ(aws.count("AssumeRole"), 1);
  ASSERT_TRUE(log_in(aurora("arn:aws:iam::333333333333:role/Other")));
  EXPECT_EQ(aws.count("AssumeRole"), 2);
}

TEST_F(LoginServiceCache, RenewsInTheBackgroundWhileLoginsGoOn) {
  ASSERT_TRUE(log_in(aurora()));
  clock.advance(9min);
  aws.gate.close();
  for (int n = 0; n < 10; ++n) EXPECT_TRUE(log_in(aurora())->from_cache);
  ASSERT_TRUE(aws.gate.wait_for_arrivals(2));
  EXPECT_TRUE(log_in(aurora())->from_cache);
  aws.gate.open();
  ASSERT_TRUE(test::eventually([&] { return service->counters().background_renewals == 1; }));
  clock.advance(5min);
  const auto login = log_in(aurora());
  EXPECT_TRUE(login->from_cache);
  EXPECT_NE(login->password.reveal().find("ASIAEXAMPLE00002"), std::string_view::npos);
}

TEST_F(LoginServiceCache, UsesValidCredentialsWhileStsIsDownButNoExpiredOnes) {
  ASSERT_TRUE(log_in(aurora()));
  aws.down = true;
  clock.advance(59min);
  Steps steps;
  const auto login = log_in(aurora(), Fresh::no, &steps);
  ASSERT_TRUE(login);
  EXPECT_TRUE(login->from_cache);
  EXPECT_EQ(login->expires_at, clock.now() + 1min);
  EXPECT_NE(steps.all()[2].detail.find("still valid"), std::string::npos);
  EXPECT_EQ(service->counters().renewal_failures, 1U);
  clock.advance(1min);
  EXPECT_FALSE(log_in(aurora()));
  aws.down = false;
  clock.advance(1s);
  EXPECT_TRUE(log_in(aurora()));
}

TEST_F(LoginServiceCache, GetsFreshOnesForARefusedLogin) {
  ASSERT_TRUE(log_in(aurora()));
  clock.advance(1min);
  const auto login = log_in(aurora(), Fresh::yes);
  ASSERT_TRUE(login);
  EXPECT_FALSE(login->from_cache);
  EXPECT_NE(login->password.reveal().find("ASIAEXAMPLE00002"), std::string_view::npos);
  ASSERT_TRUE(log_in(aurora(), Fresh::yes));
  EXPECT_EQ(aws.count("AssumeRole"), 2);
}

TEST_F(LoginServiceCache, GivesUpAtTheDeadlineOfTheLogin) {
  aws.gate.close();
  const auto login = service->login(config.iam_flag(), aurora(), base::Deadline::in(20ms));
  ASSERT_FALSE(login);
  EXPECT_EQ(login.error().code, "login_timeout");
  EXPECT_TRUE(login.error().message.starts_with("Database 'orders': "));
}

TEST_F(LoginServiceCache, ShutsDownWhileACallIsStalled) {
  aws.gate.close();
  ASSERT_FALSE(service->login(config.iam_flag(), aurora(), base::Deadline::in(20ms)));
  ASSERT_TRUE(aws.gate.wait_for_arrivals(1));
  std::thread shutdown([&] { service.reset(); });
  aws.gate.open();  // stands for the call's own deadline, which the HTTP client keeps
  shutdown.join();
}

/// RoleCredentials by itself: with limits and a period of the test's own.
class RoleCredentialsTest : public LoginTest {
 protected:
  ~RoleCredentialsTest() override {
    gate.open();
    roles.stop();
    pool.stop();
  }
  RoleKeyView key(std::string_view role_arn) const {
    return {"AKIAEXAMPLE", role_arn, "eu-west-1", "", "rolegate", 1h};
  }
  base::Result<Answer<RdsSigners>> get(std::string_view role_arn) {
    std::string why_not;
    return roles.get(key(role_arn), *provider.get(base::Deadline::in(1s), why_not),
                     base::Deadline::in(test::kPatience));
  }

  test::Gate gate;
  base::CallPool pool;
  RoleCredentials roles{{clock, log, pool},
                        provider,
                        [this](const aws::AssumeRoleRequest& request, const aws::Credentials& base,
                               base::Deadline deadline) -> base::Result<aws::CredentialsPtr> {
                          if (!gate.pass(deadline.at())) return base::fail(Errc::login_timeout, "stalled");
                          auto made = std::make_shared<aws::Credentials>();
                          made->access_key_id = "ASIA";
                          made->identity = base.identity + ":" + request.role_arn;
                          made->expires_at = clock.now() + 1h;
                          return made;
                        },
                        {.entries = 1000, .patience = 5s, .shortest_call = 100ms, .longest_call = 200ms},
                        1ms};
};

TEST_F(RoleCredentialsTest, StartsItsThreadAtTheFirstReuse) {
  ASSERT_TRUE(get("a"));
  EXPECT_FALSE(roles.refreshing());
  ASSERT_TRUE(get("a"));
  EXPECT_TRUE(roles.refreshing());
}

TEST_F(RoleCredentialsTest, RenewsWithoutAnybodyAsking) {
  ASSERT_TRUE(get("a"));
  ASSERT_TRUE(get("a"));
  clock.advance(9min);
  EXPECT_TRUE(test::eventually([&] { return roles.counts().background_renewals == 1; }));
  EXPECT_EQ(roles.calls(), 2U);
}

TEST_F(RoleCredentialsTest, DoesNotRenewForAnotherIdentity) {
  ASSERT_TRUE(get("a"));
  ASSERT_TRUE(get("a"));
  provider.rotate("AKIAOTHER", "AKIAOTHER");
  clock.advance(9min);
  EXPECT_TRUE(test::eventually([&] { return roles.counts().renewal_failures >= 1; }));
  EXPECT_EQ(roles.calls(), 1U);
}

TEST_F(RoleCredentialsTest, HoldsAThousandEntriesAndNoMore) {
  for (int n = 0; n < 1100; ++n) ASSERT_TRUE(get("role" + std::to_string(n)));
  EXPECT_EQ(roles.size(), 1000U);
}

TEST_F(RoleCredentialsTest, EndsACallThatStallsAtItsDeadline) {
  gate.close();
  const auto answer = get("a");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "stalled");
}

}  // namespace
}  // namespace rolegate::login

// Logins whose keys AWS or the database does not take any more: revoked, or rotated under a running process.
#include "unit/login/login_fixture.hpp"

namespace rolegate::login {
namespace {

using namespace std::chrono_literals;

class RefusedKeys : public LoginTest {
 protected:
  /// Base credentials that will be others once somebody asks their source anew.
  void base_is_rotated_to(std::string key, std::string identity) {
    provider.at_distrust = [this, key = std::move(key), identity = std::move(identity)] {
      provider.rotate(key, identity);
    };
  }
  [[nodiscard]] static bool signed_with(const base::Result<Login>& login, std::string_view key) {
    return login && login->password.reveal().find(key) != std::string_view::npos;
  }
};

TEST_F(RefusedKeys, AreAskedForAnewWhenStsRefusesASession) {
  provider.rotate("ASIAOLD", "process:default");
  aws.refuse("ASIAOLD");
  base_is_rotated_to("ASIANEW", "process:default");
  const auto login = log_in(aurora());
  ASSERT_TRUE(login) << login.error().text();
  EXPECT_EQ(provider.distrusted, 1);
  EXPECT_EQ(aws.count("AssumeRole"), 2);
}

TEST_F(RefusedKeys, AreAskedForAnewWhenStsRefusesALongLivedKey) {
  provider.rotate("AKIAOLD", "AKIAOLD");
  aws.refuse("AKIAOLD");
  base_is_rotated_to("AKIANEW", "AKIANEW");
  const auto login = log_in(aurora());
  ASSERT_TRUE(login) << login.error().text();
  EXPECT_EQ(provider.distrusted, 1);
}

TEST_F(RefusedKeys, AreAskedForAnewByABackgroundRenewal) {
  provider.rotate("ASIAOLD", "process:default");
  ASSERT_TRUE(log_in(aurora()));
  aws.refuse("ASIAOLD");
  base_is_rotated_to("ASIANEW", "process:default");
  clock.advance(9min);
  ASSERT_TRUE(log_in(aurora())) << "starts the renewal";
  EXPECT_TRUE(test::eventually([&] { return service->counters().background_renewals == 1; }));
  EXPECT_EQ(service->counters().renewal_failures, 0U);
}

TEST_F(RefusedKeys, AreNotTriedTwiceWhenThereAreNoOthers) {
  aws.refuse("AKIAEXAMPLE1");
  for (int n = 0; n < 10; ++n) EXPECT_FALSE(log_in(aurora()));
  EXPECT_EQ(aws.count("AssumeRole"), 1) << "and at most once a second";
  EXPECT_EQ(provider.distrusted, 1);
}

TEST_F(RefusedKeys, AreNotAskedForAnewWhenTheyAreReadAtEachCall) {
  provider.rotate("AKIAOLD", "AKIAOLD", std::nullopt, {}, true);
  aws.refuse("AKIAOLD");
  EXPECT_FALSE(log_in(aurora()));
  EXPECT_EQ(provider.distrusted, 0);
  ASSERT_TRUE(log_in(aurora("")));
  EXPECT_FALSE(log_in(aurora(""))->from_cache) << "nothing would be gained by another try";
}

TEST_F(RefusedKeys, OfTheSameAccountAreAskedForAnewWhenTheDatabaseRefusesThem) {
  ASSERT_FALSE(log_in(aurora(""))->from_cache) << "just obtained";
  ASSERT_TRUE(log_in(aurora(""))->from_cache);
  base_is_rotated_to("AKIANEW", "AKIANEW");
  EXPECT_TRUE(signed_with(log_in(aurora(""), Fresh::yes), "AKIANEW"));
  EXPECT_EQ(provider.distrusted, 1);
}

TEST_F(RefusedKeys, OfARoleAreAskedForAnewWhenRedshiftRefusesThem) {
  aws.password_life = 300s;
  for (const auto& database : {redshift(), serverless()}) {
    ASSERT_TRUE(log_in(database));
    const int roles = aws.count("AssumeRole");
    aws.refuse(fmt::format("ASIAEXAMPLE{:05}", roles));
    clock.advance(5min);  // the password has ended, the role's session has not
    const auto login = log_in(database);
    ASSERT_TRUE(login) << login.error().text();
    EXPECT_EQ(aws.count("AssumeRole"), roles + 1);
    service->forget();
  }
}

TEST_F(RefusedKeys, OfARoleAreAskedForAnewOnceASecondAtMost) {
  ASSERT_TRUE(log_in(redshift()));
  service->forget();
  aws.refuse("ASIA");  // all sessions: a permission is missing, say
  EXPECT_FALSE(log_in(redshift()));
  const int roles = aws.count("AssumeRole");
  const int calls = aws.count("DescribeClusters") + aws.count("GetClusterCredentials");
  for (int n = 0; n < 10; ++n) EXPECT_FALSE(log_in(redshift()));
  EXPECT_EQ(aws.count("AssumeRole"), roles);
  EXPECT_EQ(aws.count("DescribeClusters") + aws.count("GetClusterCredentials"), calls);
}

TEST_F(RefusedKeys, AreForgottenAtAReload) {
  ASSERT_TRUE(log_in(redshift()));
  ASSERT_TRUE(log_in(redshift())->from_cache);
  base_is_rotated_to("AKIANEW", "AKIAEXAMPLE");  // the caches know them by the same name
  service->forget();
  const auto login = log_in(redshift());
  EXPECT_FALSE(login->from_cache);
  EXPECT_EQ(login->role_arn, "arn:aws:iam::222222222222:role/Access");
  EXPECT_EQ(aws.count("AssumeRole"), 2);
  EXPECT_EQ(aws.count("GetClusterCredentials"), 2);
  EXPECT_EQ(aws.count("DescribeClusters"), 2);
  EXPECT_EQ(provider.last_reason, aws::Distrust::reloaded);
}

}  // namespace
}  // namespace rolegate::login

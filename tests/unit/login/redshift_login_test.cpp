#include <thread>
#include <vector>

#include "unit/login/login_fixture.hpp"

namespace rolegate::login {
namespace {

using namespace std::chrono_literals;

using LoginServiceRedshift = LoginTest;

TEST_F(LoginServiceRedshift, AsksAClusterForUserPasswordAndEndpoint) {
  Steps steps;
  const auto login = log_in(redshift(), Fresh::no, &steps);
  ASSERT_TRUE(login) << login.error().text();
  EXPECT_EQ(login->kind, config::Kind::redshift_provisioned);
  EXPECT_EQ(login->user, "IAM:app_rw");
  EXPECT_EQ(login->password.reveal(), "canary-password-1");
  EXPECT_EQ(login->host, "my-cluster.abc.eu-west-1.redshift.amazonaws.com");
  EXPECT_EQ(login->port, 5444);
  EXPECT_EQ(login->dial, (config::HostPort{login->host, 5444}));
  EXPECT_EQ(login->db_name, "dev");
  EXPECT_EQ(login->expires_at, clock.now() + 900s);
  EXPECT_EQ(login->request_id, "req-rs-1");
  EXPECT_FALSE(login->from_cache);
  EXPECT_NE(steps.all().back().detail.find("temporary Redshift password for IAM:app_rw at my-cluster"),
            std::string::npos);
}

TEST_F(LoginServiceRedshift, AsksAWorkgroup) {
  const auto login = log_in(serverless());
  ASSERT_TRUE(login) << login.error().text();
  EXPECT_EQ(login->kind, config::Kind::redshift_serverless);
  EXPECT_EQ(login->user, "IAMR:Access");
  EXPECT_EQ(login->host, "my-workgroup.1.eu-west-1.redshift-serverless.amazonaws.com");
  EXPECT_EQ(login->port, 5440);
  EXPECT_EQ(aws.count("GetCredentials"), 1);
  EXPECT_EQ(aws.count("GetWorkgroup"), 1);
}

TEST_F(LoginServiceRedshift, TakesHostAndPortAsGiven) {
  auto database = redshift();
  database.uri.port = 6000;
  EXPECT_EQ(log_in(database)->port, 6000);
  database.uri.host = "tunnel.example";
  database.uri.port.reset();
  const auto login = log_in(database);
  EXPECT_EQ(login->host, "tunnel.example");
  EXPECT_EQ(login->port, 5439);
  EXPECT_EQ(aws.count("DescribeClusters"), 1);
}

TEST_F(LoginServiceRedshift, WorksInTheSameAccount) {
  auto database = serverless();
  database.aws_iam->role_arn.clear();
  const auto login = log_in(database);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->principal, "AKIAEXAMPLE");
  EXPECT_EQ(aws.count("AssumeRole"), 0);
}

TEST_F(LoginServiceRedshift, CachesUntilAQuarterOfTheLifeIsLeft) {
  ASSERT_TRUE(log_in(redshift()));
  clock.advance(674s);
  const auto cached = log_in(redshift());
  EXPECT_TRUE(cached->from_cache);
  EXPECT_EQ(cached->password.reveal(), "canary-password-1");
  clock.advance(1s);
  EXPECT_EQ(log_in(redshift())->password.reveal(), "canary-password-2");
}

TEST_F(LoginServiceRedshift, CachesEndpointsApartFromPasswords) {
  ASSERT_TRUE(log_in(redshift()));
  auto other = redshift();
  other.aws_iam->db_username = "reader";
  ASSERT_TRUE(log_in(other));
  EXPECT_EQ(aws.count("GetClusterCredentials"), 2);
  EXPECT_EQ(aws.count("DescribeClusters"), 1);
  clock.advance(5min);
  ASSERT_TRUE(log_in(redshift()));
  EXPECT_EQ(aws.count("DescribeClusters"), 2);
  EXPECT_EQ(aws.count("GetClusterCredentials"), 2);
}

TEST_F(LoginServiceRedshift, SharesNoPasswordBetweenKeysThatDiffer) {
  ASSERT_TRUE(log_in(redshift()));
  int calls = 1;
  const auto differs = [&](auto change) {
    auto database = redshift();
    change(*database.aws_iam);
    EXPECT_TRUE(log_in(database));
    EXPECT_EQ(aws.count("GetClusterCredentials"), ++calls);
  };
  differs([](config::AwsIam& iam) { iam.db_name = "other"; });
  differs([](config::AwsIam& iam) { iam.db_username = "other"; });
  differs([](config::AwsIam& iam) { iam.cluster_identifier = "other"; });
  differs([](config::AwsIam& iam) { iam.auto_create = true; });
  differs([](config::AwsIam& iam) { iam.db_groups = {"readers"}; });
  differs([](config::AwsIam& iam) { iam.duration_seconds = 3600s; });
  differs([](config::AwsIam& iam) { iam.external_id = "other"; });
}

TEST_F(LoginServiceRedshift, AsksOnceFor32Logins) {
  ASSERT_TRUE(log_in(aurora()));  // the role is warm: what is counted is Redshift
  const auto database = serverless();
  aws.gate.close();
  std::vector<std::thread> threads;
  for (int n = 0; n < 32; ++n) threads.emplace_back([&] { EXPECT_TRUE(log_in(database)); });
  ASSERT_TRUE(aws.gate.wait_for_arrivals(2));
  aws.gate.open();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(aws.count("GetCredentials"), 1);
  EXPECT_EQ(aws.count("GetWorkgroup"), 1);
  EXPECT_EQ(service->counters().redshift_calls, 2U);
}

TEST_F(LoginServiceRedshift, PassesItsCachesByForARefusedLogin) {
  ASSERT_TRUE(log_in(redshift()));
  clock.advance(1min);
  const auto login = log_in(redshift(), Fresh::yes);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->password.reveal(), "canary-password-2");
  EXPECT_FALSE(login->from_cache);
}

TEST_F(LoginServiceRedshift, GoesOnWithAValidPasswordWhileTheApiIsDown) {
  ASSERT_TRUE(log_in(redshift()));
  aws.down = true;
  clock.advance(800s);
  const auto login = log_in(redshift());
  ASSERT_TRUE(login) << login.error().text();
  EXPECT_EQ(login->password.reveal(), "canary-password-1");
  clock.advance(100s);
  const auto failed = log_in(redshift());
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().message.starts_with("Database 'orders': "));
}

}  // namespace
}  // namespace rolegate::login

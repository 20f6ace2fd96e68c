#include "login/login.hpp"

#include "unit/login/login_fixture.hpp"

namespace rolegate::login {
namespace {

using namespace std::chrono_literals;

using LoginServiceRds = LoginTest;

std::vector<StepName> names(const Steps& steps) {
  std::vector<StepName> names;
  for (const Step& step : steps.all()) names.push_back(step.name);
  return names;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST_F(LoginServiceRds, MakesALoginWithARole) {
  Steps steps;
  const auto login = log_in(aurora(), Fresh::no, &steps);
  ASSERT_TRUE(login) << login.error().text();
  EXPECT_EQ(login->kind, config::Kind::aurora_postgresql);
  EXPECT_EQ(login->database, "orders");
  EXPECT_EQ(login->user, "app_rw");
  EXPECT_EQ(login->host, "orders.cluster-abc.eu-west-1.rds.amazonaws.com");
  EXPECT_EQ(login->port, 5432);
  EXPECT_EQ(login->dial, (config::HostPort{login->host, 5432}));
  EXPECT_EQ(login->db_name, "app");
  EXPECT_EQ(login->expires_at, clock.now() + 900s);
  EXPECT_EQ(login->role_arn, "arn:aws:iam::222222222222:role/Access");
  EXPECT_EQ(login->principal, login->role_arn);
  EXPECT_FALSE(login->from_cache);
  EXPECT_TRUE(contains(login->password.reveal(), "DBUser=app_rw"));
  EXPECT_TRUE(contains(login->password.reveal(), "ASIAEXAMPLE00001"));
  EXPECT_EQ(names(steps), (std::vector{StepName::feature_flag, StepName::base_credentials,
                                       StepName::role_credentials, StepName::login}));
  EXPECT_EQ(steps.all()[1].detail, "test provider (AKIAEXAMPLE)");
  EXPECT_EQ(steps.all()[2].detail,
            "arn:aws:iam::222222222222:role/Access, from AWS, valid until 2026-01-02T04:04:05Z");
  EXPECT_EQ(steps.all()[3].detail,
            "RDS token for app_rw at orders.cluster-abc.eu-west-1.rds.amazonaws.com:5432, valid until "
            "2026-01-02T03:19:05Z");
}

TEST_F(LoginServiceRds, CachesTheRoleButNotTheToken) {
  const auto first = log_in(aurora());
  clock.advance(1s);
  const auto second = log_in(aurora());
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(second->from_cache);
  EXPECT_FALSE(second->password.equals(first->password.reveal()));
  EXPECT_EQ(aws.count("AssumeRole"), 1);
  EXPECT_EQ(service->counters().cache_hits, 1U);
  EXPECT_EQ(service->counters().assume_role_calls, 1U);
}

TEST_F(LoginServiceRds, SendsSessionNameExternalIdAndDuration) {
  ASSERT_TRUE(log_in(aurora()));
  EXPECT_TRUE(contains(aws.last_body(), "RoleSessionName=rolegate&"));
  EXPECT_FALSE(contains(aws.last_body(), "ExternalId"));
  auto database = aurora();
  database.aws_iam->external_id = "superset-prod-12345";
  database.aws_iam->role_session_name = "orders-app";
  database.aws_iam->session_duration = 1800s;
  ASSERT_TRUE(log_in(database));
  EXPECT_TRUE(contains(aws.last_body(), "ExternalId=superset-prod-12345"));
  EXPECT_TRUE(contains(aws.last_body(), "RoleSessionName=orders-app"));
  EXPECT_TRUE(contains(aws.last_body(), "DurationSeconds=1800"));
}

TEST_F(LoginServiceRds, SharesNoCredentialsBetweenKeysThatDiffer) {
  ASSERT_TRUE(log_in(aurora()));
  int calls = 1;
  const auto differs = [&](auto change) {
    auto database = aurora();
    change(*database.aws_iam);
    EXPECT_TRUE(log_in(database));
    EXPECT_EQ(aws.count("AssumeRole"), ++calls);
  };
  differs([](config::AwsIam& iam) { iam.role_arn += "2"; });
  differs([](config::AwsIam& iam) { iam.region = "us-east-1"; });
  differs([](config::AwsIam& iam) { iam.external_id = "ab"; });
  differs([](config::AwsIam& iam) { iam.role_session_name = "other"; });
  differs([](config::AwsIam& iam) { iam.session_duration = 900s; });
  provider.rotate("AKIAOTHER", "AKIAOTHER");
  differs([](config::AwsIam&) {});
}

TEST_F(LoginServiceRds, KeepsItsCacheWhenTheBaseCredentialsAreRotated) {
  provider.rotate("ASIAFIRST", "imds:Instance", clock.now() + 1h);
  ASSERT_TRUE(log_in(aurora()));
  provider.rotate("ASIASECOND", "imds:Instance", clock.now() + 6h);
  const auto login = log_in(aurora());
  ASSERT_TRUE(login);
  EXPECT_TRUE(login->from_cache);
  EXPECT_EQ(aws.count("AssumeRole"), 1);
}

TEST_F(LoginServiceRds, SignsWithTheBaseCredentialsInTheSameAccount) {
  Steps steps;
  const auto login = log_in(aurora(""), Fresh::no, &steps);
  ASSERT_TRUE(login) << login.error().text();
  EXPECT_TRUE(contains(login->password.reveal(), "AKIAEXAMPLE1"));
  EXPECT_EQ(login->role_arn, "");
  EXPECT_EQ(login->principal, "AKIAEXAMPLE");
  EXPECT_FALSE(login->from_cache);
  EXPECT_EQ(aws.count(), 0);
  EXPECT_EQ(names(steps), (std::vector{StepName::feature_flag, StepName::base_credentials, StepName::login}));
  provider.rotate("AKIAEXAMPLE2", "AKIAEXAMPLE2");
  EXPECT_TRUE(contains(log_in(aurora(""))->password.reveal(), "AKIAEXAMPLE2"));
}

TEST_F(LoginServiceRds, LetsTheTokenEndWithTheCredentialsThatSignedIt) {
  provider.rotate("ASIASHORT", "imds:x", clock.now() + 5min);
  EXPECT_EQ(log_in(aurora(""))->expires_at, clock.now() + 5min);
}

TEST_F(LoginServiceRds, DialsConnectToButSignsForTheEndpoint) {
  auto database = aurora();
  database.uri.connect_to = config::HostPort{"127.0.0.1", 15432};
  database.uri.port = 5433;
  const auto login = log_in(database);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->dial, (config::HostPort{"127.0.0.1", 15432}));
  EXPECT_EQ(login->port, 5433);
  EXPECT_TRUE(login->password.reveal().starts_with("orders.cluster-abc.eu-west-1.rds.amazonaws.com:5433/"));
}

TEST_F(LoginServiceRds, MakesALoginForMysql) {
  auto database = aurora();
  database.uri.engine = config::Engine::mysql;
  const auto login = log_in(database);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->kind, config::Kind::aurora_mysql);
  EXPECT_EQ(login->port, 3306);
}

TEST_F(LoginServiceRds, AsksNobodyWhileTheFeatureFlagIsOff) {
  config.aws_database_iam_auth = false;
  Steps steps;
  const auto login = log_in(aurora(), Fresh::no, &steps);
  ASSERT_FALSE(login);
  EXPECT_EQ(login.error().code, "feature_disabled");
  EXPECT_TRUE(login.error().message.starts_with("AWS IAM database authentication is not enabled."));
  EXPECT_TRUE(contains(login.error().message, "'orders'"));
  EXPECT_EQ(provider.asked, 0);
  EXPECT_EQ(aws.count(), 0);
  EXPECT_EQ(names(steps), std::vector{StepName::feature_flag});
  EXPECT_TRUE(steps.all()[0].error);
}

TEST_F(LoginServiceRds, UsesThePasswordOfTheUriWithoutABlock) {
  config.aws_database_iam_auth = false;
  auto database = aurora();
  database.aws_iam.reset();
  database.uri.user = "alice";
  database.uri.password = base::Secret("canary-uri-password");
  Steps steps;
  const auto login = log_in(database, Fresh::no, &steps);
  ASSERT_TRUE(login);
  EXPECT_EQ(login->kind, config::Kind::password);
  EXPECT_EQ(login->user, "alice");
  EXPECT_EQ(login->password.reveal(), "canary-uri-password");
  EXPECT_FALSE(login->expires_at);
  EXPECT_EQ(provider.asked, 0);
  EXPECT_EQ(names(steps), std::vector{StepName::login});
}

using LoginServiceErrors = LoginTest;

TEST_F(LoginServiceErrors, NameTheDatabase) {
  aws.denying = true;
  Steps steps;
  const auto login = log_in(aurora(), Fresh::no, &steps);
  ASSERT_FALSE(login);
  EXPECT_EQ(login.error().code, "assume_role_denied");
  EXPECT_TRUE(login.error().message.starts_with("Database 'orders': ")) << login.error().message;
  ASSERT_TRUE(login.error().aws);
  EXPECT_EQ(login.error().aws->code, "AccessDenied");
  EXPECT_EQ(login.error().aws->request_id, "req-denied");
  EXPECT_EQ(steps.all().back().name, StepName::role_credentials);
  EXPECT_EQ(steps.all().back().error->message, login.error().message);
}

TEST_F(LoginServiceErrors, SayThatThereAreNoBaseCredentials) {
  provider.forget();
  const auto login = log_in(aurora());
  ASSERT_FALSE(login);
  EXPECT_EQ(login.error().code, "no_credentials");
  EXPECT_TRUE(contains(login.error().message, "nothing is configured"));
  EXPECT_EQ(aws.count(), 0);
}

TEST_F(LoginServiceErrors, RefuseBaseCredentialsThatAreAboutToEnd) {
  provider.rotate("ASIAOLD", "imds:x", clock.now() + 4s);
  const auto login = log_in(aurora(""));
  ASSERT_FALSE(login);
  EXPECT_EQ(login.error().code, "credentials_expired");
}

TEST_F(LoginServiceErrors, RefuseRoleCredentialsThatHaveEndedWhenTheyCome) {
  aws.role_life = -60s;
  const auto login = log_in(aurora());
  ASSERT_FALSE(login);
  EXPECT_EQ(login.error().code, "credentials_expiring");
  EXPECT_TRUE(contains(login.error().hint, "clock"));
}

TEST_F(LoginServiceErrors, HoldNoSecret) {
  ASSERT_TRUE(log_in(aurora()));
  aws.down = true;
  clock.advance(11min);
  Steps steps;
  ASSERT_TRUE(log_in(aurora(), Fresh::no, &steps));  // with a warning
  EXPECT_EQ(log.warnings().size(), 1U);
  clock.advance(1h);
  const auto failed = log_in(aurora(), Fresh::no, &steps);
  ASSERT_FALSE(failed);
  EXPECT_FALSE(contains(failed.error().text(), "canary"));
  EXPECT_FALSE(contains(log.all(), "canary"));
  for (const Step& step : steps.all()) EXPECT_FALSE(contains(step.detail, "canary"));
}

}  // namespace
}  // namespace rolegate::login

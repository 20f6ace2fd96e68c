#include "upstream/refusal_causes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolegate::upstream {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

login::Login some_login(config::Kind kind,
                        std::string host = "orders.cluster-abc.eu-west-1.rds.amazonaws.com") {
  login::Login login;
  login.kind = kind;
  login.database = "orders";
  login.user = "app_rw";
  login.region = "eu-west-1";
  login.host = std::move(host);
  login.principal = "arn:aws:iam::222222222222:role/Access";
  return login;
}

TEST(RefusalCauses, BeginWithTheLikeliestOfEachKind) {
  EXPECT_THAT(
      refusal_causes(some_login(config::Kind::aurora_postgresql)),
      StartsWith("Likeliest cause first: (1) the user has not got the role rds_iam, or does not exist: GRANT "
                 "rds_iam TO \"app_rw\"; (2) arn:aws:iam::222222222222:role/Access may not connect"));
  EXPECT_THAT(
      refusal_causes(some_login(config::Kind::aurora_mysql)),
      HasSubstr("(1) the user is not an IAM user of the database: CREATE USER 'app_rw' IDENTIFIED WITH"));
  EXPECT_THAT(refusal_causes(some_login(config::Kind::redshift_provisioned)),
              HasSubstr("(1) app_rw does not exist"));
  EXPECT_THAT(refusal_causes(some_login(config::Kind::redshift_serverless)), HasSubstr("GRANT"));
}

TEST(RefusalCauses, PutAHostThatIsNoEndpointFirst) {
  EXPECT_THAT(refusal_causes(some_login(config::Kind::aurora_postgresql, "db.example.com")),
              HasSubstr("(1) db.example.com is not an endpoint's own name"));
  EXPECT_THAT(refusal_causes(some_login(config::Kind::aurora_postgresql)),
              Not(HasSubstr("endpoint's own name")));
}

TEST(RefusalCauses, PutARegionThatIsNotTheHostsFirst) {
  for (const auto kind : {config::Kind::aurora_postgresql, config::Kind::aurora_mysql}) {
    login::Login login = some_login(kind);
    EXPECT_THAT(refusal_causes(login), Not(HasSubstr("region in the aws_iam block")));
    login.region = "us-east-1";
    EXPECT_THAT(
        refusal_causes(login),
        HasSubstr("(1) the token is for us-east-1, and the database is in eu-west-1: correct region"));
  }
}

TEST(RefusalCauses, NameThePermissionAsFarAsItIsKnown) {
  const auto permission = [](const std::string& host, const std::string& principal) {
    login::Login login = some_login(config::Kind::aurora_postgresql, host);
    login.principal = principal;
    return refusal_causes(login);
  };
  const std::string role = "arn:aws:iam::222222222222:role/Access";
  const std::string in_ireland = "arn:aws:rds-db:eu-west-1:222222222222:dbuser:";
  EXPECT_THAT(permission("o.cluster-abc.eu-west-1.rds.amazonaws.com", role),
              HasSubstr(in_ireland + "cluster-RESOURCE_ID/app_rw "));
  EXPECT_THAT(permission("o.proxy-abc.eu-west-1.rds.amazonaws.com", role),
              HasSubstr(in_ireland + "prx-RESOURCE_ID/app_rw "));
  EXPECT_THAT(permission("o.abc.eu-west-1.rds.amazonaws.com", role),
              HasSubstr(in_ireland + "RESOURCE_ID/app_rw "));
  EXPECT_THAT(permission("o.abc.rds.cn-north-1.amazonaws.com.cn", "the calling identity"),
              HasSubstr("arn:aws-cn:rds-db:cn-north-1:ACCOUNT_ID:dbuser:RESOURCE_ID/app_rw "));
  EXPECT_THAT(permission("db.example.com", role),
              HasSubstr("arn:aws:rds-db:REGION:222222222222:dbuser:RESOURCE_ID/app_rw "));
}

TEST(RefusalCauses, QuoteTheUserForSql) {
  login::Login login = some_login(config::Kind::aurora_postgresql);
  login.user = "o\"hara";
  EXPECT_THAT(refusal_causes(login), HasSubstr("GRANT rds_iam TO \"o\"\"hara\""));
}

TEST(RefusalCauses, NameTheCommandThatPrintsThePolicies) {
  EXPECT_THAT(refusal_causes(some_login(config::Kind::aurora_mysql)), HasSubstr("`rolegate policy orders`"));
}

}  // namespace
}  // namespace rolegate::upstream

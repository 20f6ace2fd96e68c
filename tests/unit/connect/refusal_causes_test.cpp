#include "connect/refusal_causes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolegate::connect {
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

TEST(RefusalCauses, SpellTheResourceOutAsFarAsItIsKnown) {
  login::Login login = some_login(config::Kind::aurora_mysql, "p.proxy-abc.rds.cn-north-1.amazonaws.com.cn");
  login.role_arn = "arn:aws-cn:iam::222222222222:role/Access";
  EXPECT_THAT(
      refusal_causes(login),
      HasSubstr("rds-db:connect on arn:aws-cn:rds-db:cn-north-1:222222222222:dbuser:prx-…/app_rw, with"));
  login = some_login(config::Kind::aurora_mysql, "db.abc.eu-west-1.rds.amazonaws.com");
  EXPECT_THAT(refusal_causes(login), HasSubstr("arn:aws:rds-db:eu-west-1:ACCOUNT:dbuser:db-…/app_rw"));
  login.host = "db.example.com";
  EXPECT_THAT(refusal_causes(login), HasSubstr("on …:dbuser:RESOURCE_ID/app_rw"));
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
}  // namespace rolegate::connect

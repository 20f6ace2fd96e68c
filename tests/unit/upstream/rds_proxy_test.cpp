#include "upstream/rds_proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "upstream/mysql_failure.hpp"
#include "upstream/pg_failure.hpp"

namespace rolegate::upstream {
namespace {

using testing::HasSubstr;

struct Case {
  const char* text;
  const char* code;
  const char* hint_part;
};

const Case kCases[] = {
    {"This RDS proxy has no credentials for the role app_rw. Check the credentials for this role and try "
     "again.",
     "iam_token_refused", "no secret of Secrets Manager for app_rw"},
    {"The password that was provided for the role app_rw is wrong.", "iam_token_refused",
     "another password for app_rw"},
    {"The IAM authentication failed for the role app_rw. Check the IAM token for this role and try again.",
     "iam_token_refused", "the proxy's own resource id (prx-"},
    {"IAM authentication failed for user app_rw. Check the IAM token for this user and try again.",
     "iam_token_refused", "the proxy's own resource id (prx-"},
    {"Timed-out waiting to acquire database connection", "database_unavailable", "describe-db-proxy-targets"},
    {"The maximum number of client connections to the proxy cannot exceed 100.", "database_unavailable", ""},
    {"Rate of connection to proxy exceeded 100.", "rate_limited", ""},
    {"Feature not supported: RDS Proxy currently doesn't support the option search_path.",
     "connection_failed", "the database's own endpoint"},
};

login::Login at_proxy() {
  login::Login login;
  login.kind = config::Kind::aurora_postgresql;
  login.database = "orders";
  login.user = "app_rw";
  login.host = "p.proxy-abc.eu-west-1.rds.amazonaws.com";
  return login;
}

TEST(RdsProxy, IsQuotedWithACauseOfItsOwnForBothEngines) {
  for (const Case& refusal : kCases) {
    for (const base::Error& error :
         {pg_error(at_proxy(), Stage::handshake, {"08006", refusal.text}, {}),
          pg_error(at_proxy(), Stage::handshake, {"28000", refusal.text}, {}),
          mysql_error(at_proxy(), Stage::handshake, {9501, refusal.text, true}, {})}) {
      EXPECT_EQ(error.code, refusal.code) << refusal.text;
      EXPECT_THAT(error.hint, HasSubstr(refusal.hint_part)) << refusal.text;
      EXPECT_THAT(error.message, HasSubstr(std::string(refusal.text).substr(0, 40)));
    }
  }
}

TEST(RdsProxy, IsNotRecognisedInWhatDatabasesSay) {
  for (const char* text : {"PAM authentication failed for user \"app_rw\"",
                           "Access denied for user 'app_rw'@'%'", "too many clients already", ""}) {
    EXPECT_FALSE(rds_proxy_refusal(at_proxy(), text)) << text;
  }
}

}  // namespace
}  // namespace rolegate::upstream

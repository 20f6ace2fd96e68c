#include "upstream/pg_failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolegate::upstream {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kPrefix = "connection to server at \"10.0.0.1\", port 5432 failed: ";

login::Login some_login(config::Kind kind = config::Kind::aurora_postgresql) {
  login::Login login;
  login.kind = kind;
  login.database = "orders";
  login.user = "app_rw";
  login.host = "orders.cluster-abc.eu-west-1.rds.amazonaws.com";
  login.port = 5432;
  login.dial = {login.host, 5432};
  return login;
}

base::Error error_of(const std::string& message, Stage stage, const login::Login& login = some_login()) {
  return pg_error(login, stage, read_pg_failure(message), {{}, "the system store /etc/ca.crt", {}});
}

TEST(PgFailure, ReadsTheSqlstateAndDropsTheGuesses) {
  const auto failure = read_pg_failure(
      kPrefix +
      "FATAL:  28000: PAM authentication failed for user \"app_rw\"\nLOCATION:  auth_failed, auth.c:334\n"
      "connection to server at \"10.0.0.1\", port 5432 failed: FATAL:  no pg_hba.conf entry for host, SSL "
      "off\n");
  EXPECT_EQ(failure.sqlstate, "28000");
  EXPECT_EQ(failure.reason, "PAM authentication failed for user \"app_rw\"");
}

TEST(PgFailure, ReadsTranslatedAndOtherTexts) {
  EXPECT_EQ(read_pg_failure(kPrefix + "FATALES :  53300: trop de clients").sqlstate, "53300");
  EXPECT_EQ(read_pg_failure(kPrefix + "Connection refused\n\tIs the server running?").reason,
            "Connection refused");
  EXPECT_EQ(read_pg_failure("").reason, "");
  EXPECT_EQ(read_pg_failure("invalid port number: \"x\"\n").reason, "invalid port number: \"x\"");
  EXPECT_EQ(read_pg_failure(kPrefix + "FATAL:  28000").sqlstate, "");
  EXPECT_EQ(read_pg_failure(kPrefix + "FATAL:  28000: ").reason, "");
}

struct Case {
  const char* text;
  const char* code;
  bool retryable;
  const char* hint;
};

TEST(PgError, ClassifiesWhatAServerSays) {
  for (const auto& [text, code, retryable, hint] : {
           Case{"28000: PAM authentication failed for user \"app_rw\"", "iam_token_refused", false,
                "(1) the user has not got the role rds_iam"},
           Case{"28P01: password authentication failed for user \"app_rw\"", "iam_token_refused", false,
                "rds-db:connect"},
           Case{"28000: role \"app_rw\" is not permitted to log in", "iam_token_refused", false,
                "case-sensitive"},
           Case{"28000: no pg_hba.conf entry for host \"10.0.0.9\", user \"app_rw\", database \"x\"",
                "connection_failed", false, "database's name"},
           Case{"3D000: database \"app\" does not exist", "connection_failed", false, "accepted"},
           Case{"42501: permission denied for database \"app\"", "connection_failed", false, "GRANT CONNECT"},
           Case{"53300: too many connections for role \"app_rw\"", "database_unavailable", true, "try again"},
           Case{"53300: remaining connection slots are reserved", "database_unavailable", true, ""},
           Case{"57P03: the database system is starting up", "database_unavailable", true, ""},
           Case{"57P01: terminating connection due to administrator command", "database_unavailable", true,
                ""},
           Case{"28000: IAM authentication rate limit exceeded", "rate_limited", true, "200"},
           Case{"28000: The IAM authentication failed because of too many competing requests", "rate_limited",
                true, "pool"},
           Case{"0A000: unsupported startup parameter: x", "connection_failed", false, ""},
       }) {
    const auto error = error_of(kPrefix + "FATAL:  " + text, Stage::handshake);
    EXPECT_EQ(error.code, code) << text;
    EXPECT_EQ(error.retryable, retryable) << text;
    EXPECT_THAT(error.hint, HasSubstr(hint)) << text;
    EXPECT_THAT(error.message, HasSubstr("database 'orders' (app_rw at orders.cluster-abc")) << text;
    EXPECT_THAT(error.message, HasSubstr(std::string(text).substr(7, 20))) << text;
  }
}

TEST(PgError, ClassifiesWhatLibpqSaysInEachStage) {
  for (const auto& [text, stage, code] : {
           std::tuple{"Connection refused", Stage::connecting, "connect_failed"},
           std::tuple{"server does not support SSL, but SSL was required", Stage::tls, "tls_not_offered"},
           std::tuple{"received unencrypted data after SSL response", Stage::tls, "bytes_before_tls"},
           std::tuple{"SSL error: certificate verify failed", Stage::tls, "tls_verification_failed"},
           std::tuple{"server certificate for \"a\" does not match host name \"b\"", Stage::tls,
                      "tls_verification_failed"},
           std::tuple{"SSL error: unsupported protocol", Stage::tls, "tls_failed"},
           std::tuple{"Erreur SSL : inconnue", Stage::tls, "tls_failed"},
           std::tuple{"server closed the connection unexpectedly", Stage::handshake, "connection_failed"},
       }) {
    EXPECT_EQ(error_of(kPrefix + text, stage).code, code) << text;
  }
}

TEST(PgError, SaysWhatAnAlertMeansOnlyWhereItIsKnown) {
  const auto error_in_tls = [](const std::string& text) { return error_of(kPrefix + text, Stage::tls); };
  for (const char* reason : {"sslv3 alert handshake failure", "ssl/tls alert handshake failure",
                             "tlsv1 alert protocol version", "tlsv1 unrecognized name"}) {
    const auto error = error_in_tls(std::string("SSL error: ") + reason);
    EXPECT_THAT(error.message, HasSubstr("refused TLS: ")) << reason;
    EXPECT_THAT(error.hint, HasSubstr("It takes none of what was offered")) << reason;
  }
  for (const char* reason :
       {"tlsv1 alert internal error", "tlsv1 alert access denied", "ssl/tls alert certificate required"}) {
    const auto error = error_in_tls(std::string("SSL error: ") + reason);
    EXPECT_THAT(error.message, HasSubstr("refused TLS: ")) << reason;
    EXPECT_EQ(error.hint, "The password was not sent.") << reason;
  }
}

TEST(PgError, TellsAConfiguredPasswordFromAToken) {
  const auto error = error_of(kPrefix + "FATAL:  28P01: password authentication failed for user \"app_rw\"",
                              Stage::handshake, some_login(config::Kind::password));
  EXPECT_EQ(error.code, "password_refused");
  EXPECT_THAT(error.hint, HasSubstr("sqlalchemy_uri"));
  EXPECT_THAT(error.hint, Not(HasSubstr("rds_iam")));
}

TEST(PgError, SaysWhatIsMissingWhenTheChainCannotBeVerified) {
  const auto error = pg_error(some_login(), Stage::tls, {{}, "SSL error: certificate verify failed"},
                              {{}, "the system store", "Amazon's RDS CA bundle is not there."});
  EXPECT_THAT(error.hint, HasSubstr("Amazon's RDS CA bundle is not there."));
}

}  // namespace
}  // namespace rolegate::upstream

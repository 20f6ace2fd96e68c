#include "upstream/mysql_failure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolegate::upstream {
namespace {

using testing::HasSubstr;
using testing::Not;

login::Login some_login(config::Kind kind = config::Kind::aurora_mysql) {
  login::Login login;
  login.engine = config::Engine::mysql;
  login.kind = kind;
  login.database = "shop";
  login.user = "app_rw";
  login.host = "shop.cluster-abc.eu-west-1.rds.amazonaws.com";
  login.port = 3306;
  login.dial = {login.host, 3306};
  return login;
}

base::Error error_of(unsigned int code, const std::string& text, Stage stage = Stage::handshake,
                     const login::Login& login = some_login()) {
  return mysql_error(login, stage, read_mysql_failure(code, text), {{}, "the system store /etc/ca.crt", {}});
}

TEST(MysqlFailure, UnwrapsAnErrorFromBeforeTls) {
  const auto failure = read_mysql_failure(2002,
                                          "Received error packet before completion of TLS handshake. The "
                                          "authenticity of the following error cannot be "
                                          "verified: 1040 - Too many connections");
  EXPECT_TRUE(failure.from_server);
  EXPECT_EQ(failure.code, 1040U);
  EXPECT_EQ(failure.reason, "Too many connections");
  EXPECT_FALSE(is_unreachable(failure));
}

TEST(MysqlFailure, TellsTheLibrarysErrorsFromTheServers) {
  EXPECT_TRUE(is_unreachable(read_mysql_failure(2003, "Can't connect to server on '10.0.0.1' (111)")));
  EXPECT_FALSE(read_mysql_failure(2013, "Lost connection").from_server);
  EXPECT_TRUE(read_mysql_failure(1045, "Access denied").from_server);
  EXPECT_TRUE(read_mysql_failure(3118, "Account is locked").from_server);
  EXPECT_FALSE(read_mysql_failure(2002, "cannot be verified: nonsense").from_server);
}

struct Case {
  unsigned int number;
  const char* text;
  const char* code;
  bool retryable;
  const char* hint;
};

TEST(MysqlError, ClassifiesWhatAServerSays) {
  for (const auto& [number, text, code, retryable, hint] : {
           Case{1045, "Access denied for user 'app_rw'@'10.0.0.1' (using password: NO)", "iam_token_refused",
                false, "(1) the user is not an IAM user"},
           Case{1045, "Access denied for user 'app_rw'@'10.0.0.1' (using password: YES)", "iam_token_refused",
                false, "rds-db:connect"},
           Case{1040, "IAM authentication rate limit exceeded", "rate_limited", true, "200"},
           Case{1045, "The IAM authentication failed because of too many competing requests.", "rate_limited",
                true, "pool"},
           Case{1040, "Too many connections", "database_unavailable", true, ""},
           Case{1203, "User app_rw already has more than 'max_user_connections' active connections",
                "database_unavailable", true, ""},
           Case{1049, "Unknown database 'shop'", "connection_failed", false, "schema"},
           Case{1044, "Access denied for user 'app_rw'@'%' to database 'shop'", "connection_failed", false,
                "rights"},
           Case{1130, "Host '10.0.0.1' is not allowed to connect", "connection_failed", false, "address"},
           Case{1129, "Host '10.0.0.1' is blocked", "connection_failed", false, "FLUSH HOSTS"},
           Case{3118, "Access denied for user. Account is locked.", "connection_failed", false, ""},
       }) {
    const auto error = error_of(number, text);
    EXPECT_EQ(error.code, code) << text;
    EXPECT_EQ(error.retryable, retryable) << text;
    EXPECT_THAT(error.hint, HasSubstr(hint)) << text;
    EXPECT_THAT(error.message, HasSubstr(std::to_string(number))) << text;
  }
}

TEST(MysqlError, ExplainsUsingPasswordNo) {
  const std::string text = "Access denied for user 'app_rw'@'10.0.0.1' (using password: NO)";
  EXPECT_THAT(error_of(1045, text).message, HasSubstr("a token was sent"));
  const auto plain = error_of(1045, text, Stage::handshake, some_login(config::Kind::password));
  EXPECT_EQ(plain.code, "password_refused");
  EXPECT_THAT(plain.message, Not(HasSubstr("token")));
}

TEST(MysqlError, ClassifiesWhatConnectorCSaysInEachStage) {
  for (const auto& [number, text, stage, code] : {
           std::tuple{2003U, "Can't connect to server on '10.0.0.1' (111)", Stage::connecting,
                      "connect_failed"},
           std::tuple{2013U, "Lost connection to server at 'handshake: reading initial communication packet'",
                      Stage::greeting, "connection_failed"},
           std::tuple{2026U, "TLS/SSL error: Validation of SSL server certificate failed", Stage::tls,
                      "tls_verification_failed"},
           std::tuple{2026U, "TLS/SSL error: self-signed certificate in certificate chain", Stage::tls,
                      "tls_verification_failed"},
           std::tuple{2026U, "TLS/SSL error: unable to get local issuer certificate", Stage::tls,
                      "tls_verification_failed"},
           std::tuple{2026U, "TLS/SSL error: certificate has expired", Stage::tls, "tls_verification_failed"},
           std::tuple{2026U, "TLS/SSL error: wrong version number", Stage::tls, "tls_failed"},
           std::tuple{2013U, "Lost connection to server during query", Stage::handshake, "connection_failed"},
       }) {
    EXPECT_EQ(error_of(number, text, stage).code, code) << text;
  }
}

TEST(MysqlError, TellsTheNameFromTheChain) {
  EXPECT_THAT(
      error_of(2026, "TLS/SSL error: Validation of SSL server certificate failed", Stage::tls).message,
      HasSubstr("not for shop.cluster-abc"));
  EXPECT_THAT(error_of(2026, "TLS/SSL error: certificate has expired", Stage::tls).message,
              HasSubstr("has a certificate that has expired"));
}

}  // namespace
}  // namespace rolegate::upstream

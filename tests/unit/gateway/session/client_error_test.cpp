#include "gateway/session/client_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "gateway/errc.hpp"
#include "upstream/errc.hpp"

namespace rolegate::gateway {
namespace {

enum class AwsErrc { assume_role_denied, sts_unreachable };
std::string_view code_name(AwsErrc code) {
  return code == AwsErrc::assume_role_denied ? "assume_role_denied" : "sts_unreachable";
}

template <typename E>
ClientError of(E code, std::string said = {}, std::string sqlstate = {}, std::uint16_t mysql_code = 0,
               bool retryable = false) {
  return client_error({base::make_error(code, "What happened.", "What to do.", retryable), std::move(said),
                       std::move(sqlstate), mysql_code});
}

TEST(ClientError, HasACodeForEachWayToFail) {
  using upstream::Errc;
  EXPECT_EQ(of(Errc::iam_token_refused).sqlstate, "28000");
  EXPECT_EQ(of(Errc::iam_token_refused).mysql_code, 1045);
  EXPECT_EQ(of(Errc::password_refused).sqlstate, "28P01");
  EXPECT_EQ(of(Errc::rate_limited).sqlstate, "53300");
  EXPECT_EQ(of(upstream::Errc::login_rate_exceeded).mysql_code, 1040);
  EXPECT_EQ(of(Errc::database_unavailable).sqlstate, "57P03");
  for (const auto code :
       {Errc::resolve_failed, Errc::connect_failed, Errc::connect_timeout, Errc::tls_not_offered,
        Errc::tls_verification_failed, Errc::tls_failed, Errc::bytes_before_tls}) {
    EXPECT_EQ(of(code).sqlstate, "08001") << upstream::code_name(code);
  }
  EXPECT_EQ(of(upstream::Errc::upstream_lost).sqlstate, "08001");
  EXPECT_EQ(of(config::Errc::feature_disabled).sqlstate, "F0000");
  EXPECT_EQ(of(AwsErrc::assume_role_denied).sqlstate, "28000");
  EXPECT_EQ(of(AwsErrc::sts_unreachable, {}, {}, 0, true).sqlstate, "08001");
}

TEST(ClientError, KeepsTheDatabasesOwnCodeWhereTheLoginWasAccepted) {
  const ClientError error = of(upstream::Errc::connection_failed, "FATAL: no such database", "3D000");
  EXPECT_EQ(error.sqlstate, "3D000");
  EXPECT_EQ(error.detail, "FATAL: no such database");
  EXPECT_EQ(of(upstream::Errc::connection_failed, "Unknown database", "42000", 1049).mysql_code, 1049);
  // A refused token is told in the gateway's own terms, whatever the database called it.
  EXPECT_EQ(of(upstream::Errc::iam_token_refused, "PAM", "28P01").sqlstate, "28000");
}

/// A server that has not greeted yet sends none.
TEST(ClientError, HasAStateForErrorsThatCameWithoutOne) {
  const auto state = [](std::uint16_t code) {
    return of(upstream::Errc::database_unavailable, {}, {}, code).mysql().sqlstate;
  };
  EXPECT_EQ(state(1040), "08004");
  EXPECT_EQ(state(1053), "08S01");
  EXPECT_EQ(state(1130), "HY000");
  EXPECT_EQ(of(upstream::Errc::database_unavailable, {}, "42000", 1203).mysql().sqlstate, "42000");
  EXPECT_EQ(of(upstream::Errc::database_unavailable, {}, {}, 1040).mysql().code, 1040);
}

TEST(ClientError, RefusesPasswordsInTheWordsOfEachProtocol) {
  const wire::mysql::ErrorPacket error = access_denied("alice", "192.0.2.7", true).mysql();
  EXPECT_EQ(error.code, 1045);
  EXPECT_EQ(error.sqlstate, "28000");
  EXPECT_EQ(
      error.message,
      "Access denied for user 'alice'@'192.0.2.7' (using password: YES). What counts here is the user's "
      "password of the gateway, not one of the database.");
  EXPECT_TRUE(access_denied("alice", "localhost", false)
                  .mysql()
                  .message.starts_with("Access denied for user 'alice'@'localhost' (using password: NO)."));
  EXPECT_EQ(password_refused("alice").message, "password authentication failed for user \"alice\"");
}

TEST(ClientError, EndsASentenceBeforeTheNextOne) {
  EXPECT_TRUE(database_missing().mysql().message.starts_with("no database was named. Name one"));
}

TEST(ClientError, SaysTheSameInBothProtocols) {
  const ClientError error = of(upstream::Errc::iam_token_refused, "PAM authentication failed");
  const auto fields = wire::pg::parse_error_response(std::string_view(error.pg()).substr(5));
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->severity, "FATAL");
  EXPECT_EQ(fields->message, "What happened.");
  EXPECT_EQ(fields->detail, "PAM authentication failed");
  EXPECT_EQ(fields->hint, "What to do.");
  EXPECT_EQ(error.mysql().message,
            "What happened. The database said: PAM authentication failed. What to do.");
}

TEST(ClientError, TellsAForbiddenDatabaseLikeOneThatIsNotThere) {
  EXPECT_EQ(database_unknown("x", "alice", true).sqlstate, "3D000");
  EXPECT_EQ(database_unknown("x", "alice", true).mysql_code, 1049);
  EXPECT_THAT(database_unknown("x", "alice", true).hint, testing::HasSubstr("On a shared listener"));
  EXPECT_THAT(database_unknown("x", "alice", false).hint, testing::Not(testing::HasSubstr("shared")));
}

}  // namespace
}  // namespace rolegate::gateway

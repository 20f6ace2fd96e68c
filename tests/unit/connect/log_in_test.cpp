#include <string>

#include "support/temporary_folder.hpp"
#include "unit/connect/connect_fixture.hpp"
#include "unit/login/login_fixture.hpp"

namespace rolegate::connect {
namespace {

using std::string_literals::operator""s;

/// A whole LoginService before a database that refuses every token.
class LogIn : public login::LoginTest {
 protected:
  LogIn() {
    database_.uri.connect_to = config::HostPort{"127.0.0.1", server_.port()};
    database_.uri.ssl_mode = config::SslMode::require;
  }
  auto log_in() {
    return log_in_postgresql(*service, config, database_, environment, base::Deadline::in(kLong), &steps_);
  }
  static void refuse(Peer& peer, const test::Identity& identity) {
    peer.receive(8);
    peer.send("S");
    peer.start_tls(identity);
    peer.send("E\0\0\0\x27SFATAL\0C28000\0MPAM authentication\0\0"s);
  }

  test::Identity identity_ = test::make_identity("Test CA");
  ScriptedServer server_{[this](Peer& peer) { refuse(peer, identity_); }};
  config::Database database_ = aurora();
  login::Steps steps_;
};

TEST_F(LogIn, DoesNotAskAgainWhenNothingCameFromACache) {
  const auto opened = log_in();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "iam_token_refused");
  EXPECT_EQ(server_.connections(), 1);
  EXPECT_EQ(aws.count("AssumeRole"), 1);
}

TEST_F(LogIn, AsksOnceMoreWithFreshCredentialsAndNeverAThirdTime) {
  ASSERT_TRUE(login::LoginTest::log_in(database_));  // fills the cache
  clock.advance(std::chrono::minutes(1));            // what has just been fetched is fresh enough
  EXPECT_FALSE(log_in());
  EXPECT_EQ(server_.connections(), 2);
  EXPECT_EQ(aws.count("AssumeRole"), 2);
}

TEST_F(LogIn, DoesNotAskAgainAfterAnythingButARefusal) {
  ASSERT_TRUE(login::LoginTest::log_in(database_));
  database_.uri.ssl_mode = config::SslMode::verify_full;
  const test::TemporaryFolder folder;
  database_.uri.ssl_root_cert = folder.write("ca.pem", test::make_identity("Another CA").pem());
  EXPECT_EQ(log_in().error().code, "tls_verification_failed");
  EXPECT_EQ(server_.connections(), 2) << "the login, and a look at the certificate";
  EXPECT_EQ(aws.count("AssumeRole"), 1);
}

TEST_F(LogIn, IsRefusedAtOnceForAnotherEngine) {
  const auto as_mysql = log_in_mysql(*service, config, database_, environment, base::Deadline::in(kLong));
  EXPECT_EQ(as_mysql.error().code, "wrong_engine");
  EXPECT_EQ(as_mysql.error().text(),
            "Database '" + database_.name + "' is postgresql. Use connect_postgresql.");
  database_.uri.engine = config::Engine::mysql;
  EXPECT_EQ(log_in().error().text(), "Database '" + database_.name + "' is mysql. Use connect_mysql.");
  EXPECT_EQ(server_.connections(), 0);
  EXPECT_EQ(aws.count("AssumeRole"), 0);
}

}  // namespace
}  // namespace rolegate::connect

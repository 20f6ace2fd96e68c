#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include "unit/gateway/session/one_session_fixture.hpp"

// A session from its beginning until its database is known.

namespace rolegate::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTick{1};

TEST_F(SessionTest, GivesAClientTheTimeOfAStartUpAndNoMore) {
  begin();
  pass(Session::kStartup - kTick);
  EXPECT_EQ(session_->phase(), Phase::login);
  pass(kTick);
  EXPECT_EQ(session_->phase(), Phase::leaving);
  EXPECT_EQ(hear(), "error: " + startup_too_slow().message);
  EXPECT_EQ(audited().reason, "startup_timeout");
  EXPECT_TRUE(databases_.leases.empty());
}

TEST_F(SessionTest, LetsTheWaitForAnAddresssFailuresCostTheClientNoneOfItsTime) {
  for (int i = 0; i < 3; ++i) slowdown_.failed("192.0.2.7", clock_.steady());
  const milliseconds wait = slowdown_.wait("192.0.2.7", clock_.steady());
  ASSERT_GT(wait, milliseconds(0));
  begin();
  script_.steps = {{.kind = Step::Kind::admit}};
  say("name ");
  EXPECT_EQ(script_.heard, "name ");
  say("proof");
  pass(wait - kTick);
  EXPECT_EQ(script_.heard, "name ");
  pass(kTick);
  EXPECT_EQ(script_.heard, "name proof");
  pass(Session::kStartup - kTick);
  EXPECT_EQ(session_->phase(), Phase::login);
  pass(kTick);
  EXPECT_EQ(audited().reason, "startup_timeout");
}

TEST_F(SessionTest, ChecksAPasswordElsewhereAndHearsNothingMeanwhile) {
  begin();
  // The verdict may be there in the very round in which the password is heard.
  script_.steps = {{.kind = Step::Kind::admit},
                   {.kind = Step::Kind::check},
                   {.kind = Step::Kind::refused, .text = "wrong", .error = password_refused("ann")}};
  SessionServicesTest::say(client_, "password");
  run_until([this] { return session_->phase() != Phase::login; });
  ASSERT_FALSE(audit_.records.empty());
  EXPECT_EQ(audited().reason, "authentication_failed");
  EXPECT_EQ(audited().message, "wrong");
  EXPECT_GT(slowdown_.size(), 0U);
}

TEST_F(SessionTest, CountsAConnectionThatShowsNothingAsAProbe) {
  begin();
  client_.close();
  run();
  EXPECT_EQ(stats_.probes.load(), 1U);
  EXPECT_TRUE(audit_.records.empty());
}

TEST_F(SessionTest, CountsAGuessThatNobodyWaitsFor) {
  begin();
  script_.guesses = 1;
  client_.close();
  run();
  EXPECT_EQ(session_, nullptr);
  EXPECT_EQ(audited().reason, "authentication_failed");
  EXPECT_EQ(slowdown_.size(), 1U);
}

TEST_F(SessionTest, CountsAGuessOfAClientThatSaysNothingMore) {
  begin();
  script_.guesses = 1;
  pass(Session::kStartup);
  EXPECT_EQ(audited().reason, "authentication_failed");
  EXPECT_EQ(hear(), "error: " + startup_too_slow().message);
  EXPECT_EQ(slowdown_.size(), 1U);
}

TEST_F(SessionTest, RemembersAPasswordThatIsRight) {
  const auto verifier = base::ScramVerifier::of(base::Secret("guess"), random_, 1);
  gateway_->users.front().scram = verifier;
  publish();
  begin();
  script_.steps = {{.kind = Step::Kind::admit},
                   {.kind = Step::Kind::check},
                   {.kind = Step::Kind::authenticated, .text = "caching_sha2_password"}};
  SessionServicesTest::say(client_, "password");
  run_until([this] { return !script_.heard.empty(); });
  SessionServicesTest::say(client_, "and more");
  run_until([this] { return authenticated_ > 0; });
  EXPECT_TRUE(fast_passwords_.find("ann", verifier));
  run();
  EXPECT_EQ(script_.heard, "passwordand more");
}

TEST_F(SessionTest, IsHeardInTheTimeOfItsLoginUntilItsDatabaseIsKnown) {
  begin();
  script_.steps = {{.kind = Step::Kind::admit}, {.kind = Step::Kind::authenticated, .text = "peer"}};
  say("startup");
  EXPECT_EQ(authenticated_, 1);
  pass(Session::kStartup - kTick);
  EXPECT_EQ(session_->phase(), Phase::login);
  pass(kTick);
  EXPECT_EQ(audited().reason, "startup_timeout");
}

TEST_F(SessionTest, HasNoTimeOfALoginAnyMoreOnceItsDatabaseIsKnown) {
  gateway_->idle_timeout = std::chrono::hours(1);
  publish();
  begin();
  script_.steps = {{.kind = Step::Kind::admit}, {.kind = Step::Kind::authenticated, .text = "peer"}};
  say("startup");
  script_.steps = {{.kind = Step::Kind::connect, .text = "orders"}};
  say("first command");
  pass(2 * Session::kStartup);
  let_in();
  pass(2 * Session::kStartup);
  EXPECT_EQ(session_->phase(), Phase::relaying);
  client_.close();
  database_.close();
  run();
  pass(2 * Session::kStartup);
  EXPECT_EQ(session_, nullptr);
  EXPECT_EQ(audit_.records.size(), 2U);
}

TEST_F(SessionTest, AuditsAClientThatGoesBeforeItsDatabaseIsKnown) {
  begin();
  script_.steps = {{.kind = Step::Kind::admit}, {.kind = Step::Kind::authenticated, .text = "peer"}};
  say("startup");
  script_.steps = {{.kind = Step::Kind::left}};
  say("goodbye");
  EXPECT_EQ(session_, nullptr);
  EXPECT_EQ(audited().reason, "client_gone");
  EXPECT_EQ(stats_.probes.load(), 0U);
}

TEST_F(SessionTest, IsDecidedByTheSettingsOfWhenItNamesItsUser) {
  begin();
  gateway_ = std::make_shared<config::Gateway>();
  publish();
  script_.steps = {{.kind = Step::Kind::admit}};
  say("startup");
  EXPECT_EQ(audited().reason, "users_missing");
}

/// A certificate is a proof, too.
TEST_F(SessionTest, AsksForACertificateWhenTheFailuresAreWaitedOut) {
  script_.tls = net::SslContextPtr(::SSL_CTX_new(::TLS_server_method()), net::SslContextFree{});
  ::SSL_CTX_set_verify(script_.tls.get(), SSL_VERIFY_PEER, nullptr);
  for (int i = 0; i < 3; ++i) slowdown_.failed("192.0.2.7", clock_.steady());
  begin();
  script_.steps = {{.kind = Step::Kind::start_tls}};
  say("SSLRequest");
  EXPECT_EQ(stats_.logins_held.load(), 1U);
  say("no ClientHello");
  EXPECT_GT(unread(), 0U);
  pass(slowdown_.wait("192.0.2.7", clock_.steady()));
  EXPECT_EQ(session_, nullptr);
  EXPECT_EQ(audited().reason, "client_tls_failed");
}

TEST_F(SessionTest, SaysNothingWhereTlsIsToBegin) {
  script_.tls = net::SslContextPtr(::SSL_CTX_new(::TLS_server_method()), net::SslContextFree{});
  begin();
  script_.steps = {{.kind = Step::Kind::start_tls}};
  say("SSLRequest");
  session_->shut_down();
  run();
  EXPECT_EQ(session_, nullptr);
  EXPECT_EQ(hear(), "");
  EXPECT_EQ(audited().reason, "shutdown");
}

TEST_F(SessionTest, TellsOfTheDatabaseThatIsNotThere) {
  begin();
  script_.steps = {{.kind = Step::Kind::admit},
                   {.kind = Step::Kind::authenticated, .text = "scram-sha-256"},
                   {.kind = Step::Kind::connect, .text = "sales"}};
  say("startup");
  EXPECT_EQ(authenticated_, 1);
  EXPECT_EQ(audited().reason, "database_unknown");
  EXPECT_EQ(logged_in_.load(), 0U);
}

}  // namespace
}  // namespace rolegate::gateway

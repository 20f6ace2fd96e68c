#include "gateway/session/session.hpp"

#include <gmock/gmock.h>

#include "unit/gateway/session/one_session_fixture.hpp"

namespace rolegate::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTick{1};

// Connecting.

TEST_F(SessionTest, AsksForWhatItsClientWants) {
  connect();
  const FakeDatabases::Lease& lease = databases_.leases.begin()->second;
  EXPECT_EQ(lease.wish.database->name, "orders");
  EXPECT_EQ(std::get<upstream::PgWish>(lease.wish.session).database, "orders");
  EXPECT_EQ(lease.terms.client, "ann");
  EXPECT_EQ(logged_in_.load(), 1U);
  pass(seconds(60));  // the login has a time limit of its own
  EXPECT_EQ(session_->phase(), Phase::connecting);
}

TEST_F(SessionTest, GivesTheLeaseUpWhenItsClientGoes) {
  connect();
  client_.close();
  run();
  EXPECT_EQ(session_, nullptr);
  EXPECT_EQ(databases_.given_up, 1U);
  EXPECT_EQ(audited().reason, "client_gone");
  EXPECT_EQ(logged_in_.load(), 0U);
}

TEST_F(SessionTest, KeepsWhatIsSentAheadUpToABound) {
  connect();
  const std::string much(Session::kMaxEarly, 'x');
  say(much);
  EXPECT_EQ(session_->phase(), Phase::connecting);
  say("x");
  EXPECT_EQ(session_->phase(), Phase::leaving);
  EXPECT_EQ(audited().reason, "protocol_violation");
  EXPECT_EQ(databases_.given_up, 1U);
}

TEST_F(SessionTest, TellsItsClientWhyTheDatabaseRefused) {
  connect();
  upstream::SessionRefusal refusal;
  refusal.failure.error.code = "iam_token_refused";
  refusal.failure.error.message = "The database refused.";
  databases_.answer(std::unexpected(std::move(refusal)));
  run();
  EXPECT_EQ(session_->phase(), Phase::leaving);
  EXPECT_THAT(hear(), testing::HasSubstr("The database refused."));
  EXPECT_EQ(audited().reason, "iam_token_refused");
  EXPECT_EQ(databases_.given_up, 0U);
}

TEST_F(SessionTest, LearnsHowADatabaseGreetsThatRefuses) {
  serve_mysql();
  connect();
  upstream::SessionRefusal refusal;
  refusal.facts.user = "app_rw";
  refusal.greeting.emplace().server_version = "8.0.36";
  databases_.answer(std::unexpected(std::move(refusal)));
  EXPECT_EQ(greetings_.at_listener("orders")->server_version, "8.0.36");
  EXPECT_EQ(audited().upstream_user, "app_rw");
}

TEST_F(SessionTest, LearnsHowADatabaseGreetsThatLetsItIn) {
  serve_mysql();
  connect();
  auto [near, far] = socket_pair();
  upstream::DatabaseSession opened;
  opened.stream = net::Stream(std::move(near));
  upstream::MysqlStart start;
  start.greeting.server_version = "8.0.36";
  opened.start = std::move(start);
  databases_.answer(std::move(opened));
  EXPECT_EQ(greetings_.at_listener("orders")->server_version, "8.0.36");
}

// Relaying.

TEST_F(SessionTest, CarriesBytesAndWritesDownBothEnds) {
  connect();
  say("early ");
  auto [near, far] = socket_pair();
  upstream::DatabaseSession opened;
  opened.stream = net::Stream(std::move(near));
  databases_.answer(std::move(opened));
  say("question");
  EXPECT_EQ(SessionServicesTest::hear(far), "first early question");
  EXPECT_EQ(audited().event, AuditRecord::Event::open);
  EXPECT_EQ(hear(), "welcome ");
  client_.close();
  run();
  far.close();
  run();
  EXPECT_EQ(audited().event, AuditRecord::Event::close);
  EXPECT_EQ(audited().reason, "client_closed");
  EXPECT_TRUE(script_.closed);
  EXPECT_EQ(logged_in_.load(), 0U);
}

TEST_F(SessionTest, SaysWhatItsClientHasNotTakenYetBeforeAnythingElse) {
  const std::string much(1 << 20, 'x');
  begin();
  script_.output = much;
  log_in();
  let_in();
  std::string heard;
  for (int turn = 0; turn < 1000 && heard.size() < much.size() + 8; ++turn) {
    heard += hear();
    run();
  }
  EXPECT_TRUE(heard == much + "welcome ");
}

TEST_F(SessionTest, IsCountedAsLongAsItIsOpen) {
  const std::shared_ptr<Desk> desk = this->desk();
  relay();
  EXPECT_EQ(desk->stats.sessions.load(), 1);
  EXPECT_EQ(desk->stats.snapshot().logins.at("ok"), 1U);
  EXPECT_EQ(audited().upstream_user, "app_rw");
  EXPECT_EQ(audited().upstream_dial, "10.0.0.5:5432");
  session_->shut_down();
  EXPECT_EQ(desk->stats.sessions.load(), 0);
  EXPECT_EQ(audited().bytes_to_client, std::string("welcome ").size());
  EXPECT_EQ(audited().bytes_to_database, std::string("first ").size());
}

TEST_F(SessionTest, SaysThatTheDatabaseHasGone) {
  relay();
  database_.close();
  run();
  EXPECT_EQ(hear(), "words: " + database_gone().message);
  EXPECT_EQ(audited().reason, "database_closed");
}

TEST_F(SessionTest, SaysNothingToAClientThatHasEndedItsSide) {
  relay();
  ASSERT_EQ(::shutdown(client_.get(), SHUT_WR), 0);
  run();
  database_.close();
  run();
  EXPECT_EQ(hear(), "");
  EXPECT_EQ(audited().reason, "client_closed");
}

TEST_F(SessionTest, TakesWhatTheDatabaseDoesAfterAGoodbyeForTheClientsEnd) {
  script_.goodbye = true;
  relay();
  database_.close();
  run();
  EXPECT_EQ(hear(), "");
  EXPECT_EQ(audited().reason, "client_closed");
}

TEST_F(SessionTest, SaysNothingBehindWhatIsStillOnItsWay) {
  relay();
  const std::string much(1 << 16, 'x');
  while (::send(database_.get(), much.data(), much.size(), MSG_NOSIGNAL) > 0) run();  // until nobody takes it
  session_->shut_down();
  std::string heard;
  for (std::string part = hear(); !part.empty(); part = hear()) {
    heard += part;
    run();
  }
  EXPECT_EQ(heard.find_first_not_of('x'), std::string::npos);
}

TEST_F(SessionTest, SaysWhyItEndsWhereItsConversationHasRoom) {
  relay();
  session_->shut_down();
  run();
  EXPECT_EQ(hear(), "words: " + shutting_down().message);
  EXPECT_TRUE(has_ended(client_));
}

TEST_F(SessionTest, SaysNothingInTheMiddleOfAnAnswer) {
  script_.rests = false;
  relay();
  session_->shut_down();
  run();
  EXPECT_EQ(hear(), "");
  EXPECT_TRUE(has_ended(client_));
  EXPECT_EQ(audited().reason, "shutdown");
}

TEST_F(SessionTest, IsIdleFromTheEndOfTheLastAnswerOn) {
  gateway_->idle_timeout = seconds(60);
  publish();
  script_.rests = false;
  relay();
  pass(seconds(600));
  EXPECT_EQ(session_->phase(), Phase::relaying);
  SessionServicesTest::say(database_, "answer");
  script_.rests = true;
  run();
  pass(seconds(60) - kTick);
  EXPECT_EQ(session_->phase(), Phase::relaying);
  pass(seconds(60));
  EXPECT_EQ(audited().reason, "idle_timeout");
}

TEST_F(SessionTest, EndsAtItsUsersMaxAge) {
  gateway_->users.front().max_age = seconds(300);
  publish();
  relay();
  pass(seconds(300) - kTick);
  EXPECT_EQ(session_->phase(), Phase::relaying);
  pass(kTick);
  EXPECT_EQ(audited().reason, "max_age");
}

TEST_F(SessionTest, IsAsOldAsItsConnection) {
  gateway_->users.front().max_age = seconds(300);
  publish();
  connect();
  pass(seconds(200));
  let_in();
  pass(seconds(100) - kTick);
  EXPECT_EQ(session_->phase(), Phase::relaying);
  pass(kTick);
  EXPECT_EQ(audited().reason, "max_age");
}

TEST_F(SessionTest, DoesNotBeginWhenItsUserHasGoneMeanwhile) {
  connect();
  gateway_ = std::make_shared<config::Gateway>();
  publish();
  session_->reconsider(settings_);
  EXPECT_EQ(session_->phase(), Phase::connecting);
  let_in();
  EXPECT_EQ(audited().reason, "no_longer_allowed");
}

TEST_F(SessionTest, StaysForTheGraceAfterItsUserHasGone) {
  relay();
  gateway_->grace = seconds(5);
  const config::GatewayUser ann = gateway_->users.front();
  gateway_ = std::make_shared<config::Gateway>(*gateway_);
  gateway_->users.front().name = "bob";
  publish();
  session_->reconsider(settings_);
  pass(seconds(4));
  gateway_ = std::make_shared<config::Gateway>(*gateway_);
  gateway_->users.front() = ann;
  publish();
  session_->reconsider(settings_);  // and comes back
  pass(seconds(60));
  EXPECT_EQ(session_->phase(), Phase::relaying);
  gateway_ = std::make_shared<config::Gateway>(*gateway_);
  gateway_->users.clear();
  publish();
  session_->reconsider(settings_);
  pass(seconds(5) - kTick);
  EXPECT_EQ(session_->phase(), Phase::relaying);
  pass(kTick);
  EXPECT_EQ(audited().reason, "no_longer_allowed");
}

TEST_F(SessionTest, OfTheOwnerStaysWhateverTheUsersAre) {
  gateway_ = std::make_shared<config::Gateway>();
  publish();
  arrive({"", "192.0.2.7", services_.own_uid, {}});
  relay();
  gateway_ = std::make_shared<config::Gateway>();
  gateway_->users.emplace_back().name = "bob";
  publish();
  session_->reconsider(settings_);
  pass(seconds(60));
  EXPECT_EQ(session_->phase(), Phase::relaying);
}

TEST_F(SessionTest, GivesTheDatabaseAWhileForAClientThatHasEndedItsSide) {
  relay();
  ASSERT_EQ(::shutdown(client_.get(), SHUT_WR), 0);
  run();
  EXPECT_TRUE(has_ended(database_));
  pass(Relay::kLinger - kTick);
  SessionServicesTest::say(database_, "answer");
  run();
  EXPECT_EQ(hear(), "answer");
  EXPECT_EQ(session_->phase(), Phase::relaying);
  pass(kTick);
  EXPECT_EQ(audited().reason, "client_closed");
}

// A change of user.

TEST_F(SessionTest, ChangesTheUserAsSomebodyWhoHasJustCome) {
  relay();
  const std::string before = audited().session;
  script_.steps = {{.kind = Step::Kind::admit},
                   {.kind = Step::Kind::authenticated, .text = "caching_sha2_password"},
                   {.kind = Step::Kind::connect, .text = "orders"}};
  script_.output = "asked ";
  say("change");
  EXPECT_EQ(script_.heard, "to change");
  EXPECT_EQ(hear(), "asked ");
  EXPECT_TRUE(has_ended(database_));
  EXPECT_EQ(audited().event, AuditRecord::Event::close);
  EXPECT_EQ(audited().session, before);
  EXPECT_EQ(audited().reason, "user_changed");
  EXPECT_FALSE(script_.closed) << "the connection is there";
  EXPECT_EQ(logs_in_again_, 1);
  EXPECT_EQ(authenticated_, 2);
  EXPECT_EQ(logged_in_.load(), 1U);
  ASSERT_EQ(session_->phase(), Phase::connecting);
  auto [near, far] = socket_pair();
  upstream::DatabaseSession opened;
  opened.stream = net::Stream(std::move(near));
  databases_.answer(std::move(opened));
  say("question");
  EXPECT_EQ(hear(), "welcome ");
  EXPECT_EQ(SessionServicesTest::hear(far), "first question");
  EXPECT_EQ(audited().event, AuditRecord::Event::open);
  EXPECT_EQ(audited().authentication, "caching_sha2_password");
  EXPECT_NE(audited().session, before);
}

TEST_F(SessionTest, ChangesTheUserByTheLatestSettingsAndNoneBefore) {
  relay();
  session_->reconsider(settings_);
  served_.emplace_back("sales");
  publish();  // what sessions with other databases are not told of
  script_.steps = {{.kind = Step::Kind::admit},
                   {.kind = Step::Kind::authenticated, .text = "caching_sha2_password"},
                   {.kind = Step::Kind::connect, .text = "sales"}};
  say("change");
  let_in();
  pass(seconds(60));
  EXPECT_EQ(session_->phase(), Phase::relaying);
}

TEST_F(SessionTest, GivesAChangeOfUserTheTimeOfALogin) {
  relay();
  pass(seconds(600));
  say("change");
  EXPECT_FALSE(session_->has_authenticated());
  EXPECT_EQ(logged_in_.load(), 0U);
  pass(Session::kStartup - kTick);
  EXPECT_EQ(session_->phase(), Phase::login);
  pass(kTick);
  EXPECT_EQ(audited().reason, "startup_timeout");
  EXPECT_EQ(audited().duration, Session::kStartup);
}

TEST_F(SessionTest, CountsAWrongProofInAChangeOfUser) {
  relay();
  script_.steps = {{.kind = Step::Kind::admit}};
  say("change");
  script_.steps = {{.kind = Step::Kind::refused, .text = "wrong", .error = password_refused("ann")}};
  say("proof");
  EXPECT_EQ(session_->phase(), Phase::leaving);
  EXPECT_EQ(hear(), "error: " + password_refused("ann").message);
  EXPECT_TRUE(has_ended(client_));
  EXPECT_EQ(slowdown_.size(), 1U);
  EXPECT_EQ(audited().event, AuditRecord::Event::fail);
  EXPECT_EQ(audited().message, "wrong");
}

TEST_F(SessionTest, TellsTheWholeOfTheLastAnswerBeforeAChangeOfUser) {
  script_.rests = false;
  relay();
  say("change");
  EXPECT_EQ(session_->phase(), Phase::relaying);
  const int little = 1;
  ASSERT_EQ(::setsockopt(accepted_, SOL_SOCKET, SO_SNDBUF, &little, sizeof little), 0);
  const std::string answer(50'000, 'a');
  SessionServicesTest::say(database_, answer);
  script_.rests = true;
  script_.output = "asked";
  std::string heard;
  for (std::string part = "some"; !part.empty(); heard += part) {
    run();
    part = hear();
  }
  EXPECT_EQ(session_->phase(), Phase::login);
  EXPECT_EQ(heard, answer + "asked");
}

// Leaving.

TEST_F(SessionTest, HearsAClientOutThatHasBeenToldToGo) {
  begin();
  script_.steps = {{.kind = Step::Kind::violation, .text = "This is no login."}};
  say("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(told_to_go_, 1);
  say("and on it talks");
  EXPECT_EQ(unread(), 0U);
  pass(Session::kLeaving - kTick);
  EXPECT_NE(session_, nullptr);
  pass(kTick);
  EXPECT_EQ(session_, nullptr);
}

TEST_F(SessionTest, HearsNoMoreThanAMegabyteOfAClientThatHasBeenToldToGo) {
  begin();
  script_.steps = {{.kind = Step::Kind::violation, .text = "This is no login."}};
  say("GET / HTTP/1.1\r\n\r\n");
  const std::string much(1 << 16, 'x');
  for (std::size_t said = 0; said <= Session::kMaxUnheard; said += much.size()) {
    say(much);
    EXPECT_EQ(unread(), 0U);
  }
  say(much);
  EXPECT_EQ(unread(), much.size());
}

TEST_F(SessionTest, ReadsOnceInARoundOfAClientThatWasRefused) {
  const std::size_t one_read = loop_.buffer().size();
  begin();
  script_.steps = {{.kind = Step::Kind::violation, .text = "This is no login."}};
  say("GET / HTTP/1.1\r\n\r\n");
  SessionServicesTest::say(client_, std::string(one_read + 1, 'x'));
  loop_.run_once();
  EXPECT_EQ(unread(), 1U);
}

TEST_F(SessionTest, MakesRoomWithoutAWord) {
  begin();
  session_->evict();
  run();
  EXPECT_EQ(session_, nullptr);
  EXPECT_EQ(hear(), "");
  EXPECT_TRUE(audit_.records.empty());
}

}  // namespace
}  // namespace rolegate::gateway

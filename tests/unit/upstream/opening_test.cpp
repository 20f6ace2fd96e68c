#include "upstream/opening.hpp"

#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/upstream/opening_fixture.hpp"
#include "upstream/errc.hpp"

namespace rolegate::upstream {
namespace {

using login::Fresh;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class Open : public OpeningTest {
 protected:
  void begin(SessionProvider::Terms terms) { begin(wish(), std::move(terms)); }
  void begin() { begin(terms()); }
  void begin(Wish wish, SessionProvider::Terms terms) {
    opening_.emplace(loop_, services_, std::move(wish), std::move(terms),
                     [this](SessionProvider::Result result) {
                       EXPECT_FALSE(result_) << "called twice";
                       opening_.reset();
                       result_ = std::move(result);
                     });
    EXPECT_FALSE(result_) << "called by whom it was asked from";
  }
  [[nodiscard]] bool ends() {
    return comes_to([this] { return result_.has_value(); });
  }
  [[nodiscard]] const DatabaseSession& session() const { return result_->value(); }
  [[nodiscard]] const SessionRefusal& refusal() const { return result_->error(); }
  [[nodiscard]] std::string code() const { return std::string(refusal().failure.error.code); }
  [[nodiscard]] const std::string& message() const { return refusal().failure.error.message; }

  std::vector<std::unique_ptr<LoginRate::Place>> places_;  ///< of others, in the line
  std::optional<Opening> opening_;
  std::optional<SessionProvider::Result> result_;
};

TEST_F(Open, GivesASession) {
  begin();
  ASSERT_TRUE(ends());
  ASSERT_TRUE(*result_) << message();
  EXPECT_TRUE(session().stream.in_tls());
  EXPECT_EQ(session().address, "127.0.0.1");
  EXPECT_EQ(session().port, server_.port());
  EXPECT_EQ(session().tls.name, "db.example.com");
  EXPECT_FALSE(session().tls.check_name) << "sslmode=require";
  const auto& start = std::get<wire::pg::SessionStart>(session().start);
  EXPECT_EQ(start.cancel_key.process_id, 4573U);
  EXPECT_EQ(start.rest, "rest");
  EXPECT_EQ(session().facts.user, "app_rw");
  EXPECT_EQ(session().facts.endpoint, "db.example.com:5432");
  EXPECT_EQ(session().facts.role_arn, "arn:aws:iam::222222222222:role/Access");
  EXPECT_EQ(session().facts.request_id, "request-1");
  EXPECT_THAT(steps_of(session().steps), ElementsAre("login", "tcp", "tls", "handshake"));
  EXPECT_EQ(session().steps.all()[1].detail, "127.0.0.1");
  EXPECT_THAT(session().steps.all()[2].detail, HasSubstr("TLSv1.3"));
  EXPECT_THAT(server_.heard(), HasSubstr("canary-token"));
  EXPECT_THAT(server_.heard(), HasSubstr("talk"));
  EXPECT_THAT(server_.heard(), HasSubstr(std::string("database\0app\0", 13)));
}

TEST_F(Open, AsksForTheDatabaseOfTheWish) {
  begin({database_, PgWish{"theirs", {}}}, terms());
  ASSERT_TRUE(ends());
  EXPECT_THAT(server_.heard(), HasSubstr(std::string("database\0theirs\0", 16)));
}

// Its turn.

TEST_F(Open, WaitsForItsTurn) {
  rate_ = std::make_shared<LoginRate>(1);
  begin();
  ASSERT_TRUE(ends());
  result_.reset();
  begin();
  settle();
  advance(milliseconds(999));
  settle();
  EXPECT_EQ(prepared().size(), 1U);
  advance(milliseconds(1));
  ASSERT_TRUE(ends());
  EXPECT_TRUE(*result_);
}

TEST_F(Open, IsToldByTheOneBeforeIt) {
  rate_ = std::make_shared<LoginRate>(1);
  begin();
  ASSERT_TRUE(ends());
  result_.reset();
  auto before = rate_->enter("ada", [] {}, loop_.now(), seconds(10));
  begin();
  settle();
  advance(seconds(3));
  settle();
  EXPECT_EQ(prepared().size(), 1U) << "another one is first";
  before.reset();
  ASSERT_TRUE(ends());
  EXPECT_TRUE(*result_);
}

TEST_F(Open, LosesPatience) {
  rate_ = std::make_shared<LoginRate>(1);
  const auto first = rate_->enter("ada", [] {}, loop_.now(), seconds(10));
  begin();
  settle();
  advance(seconds(10) - milliseconds(1));
  settle();
  EXPECT_FALSE(result_);
  advance(milliseconds(1));
  ASSERT_TRUE(ends());
  EXPECT_EQ(code(), "login_rate_exceeded");
  EXPECT_EQ(message(), "Too many logins to database 'orders' are waiting already.");
  EXPECT_THAT(refusal().failure.error.hint, HasSubstr("at most 1 a second"));
  EXPECT_EQ(refusal().facts.role_arn, "arn:aws:iam::222222222222:role/Access");
  EXPECT_THAT(steps_of(refusal().steps), ElementsAre());
}

TEST_F(Open, DoesNotJoinALineThatIsLongerThanItsPatience) {
  rate_ = std::make_shared<LoginRate>(1);
  for (int i = 0; i < 12; ++i) places_.push_back(rate_->enter("ada", [] {}, loop_.now(), seconds(60)));
  begin();
  ASSERT_TRUE(ends());
  EXPECT_EQ(code(), "login_rate_exceeded");
}

// Deadlines.

TEST_F(Open, SaysWhatWasPreparedTooLate) {
  gate_.close();
  begin();
  settle();
  advance(seconds(31) - milliseconds(1));
  settle();
  EXPECT_FALSE(result_) << "the call has a second to say itself what it waited for";
  advance(milliseconds(1));
  ASSERT_TRUE(ends());
  EXPECT_EQ(code(), "upstream_timeout");
  EXPECT_EQ(message(), "No login for database 'orders' could be made in time.");
}

struct Slowness {
  FakeDatabase::Stop stop;
  bool mysql;
  const char* words;
  std::vector<std::string> steps;
};

void PrintTo(const Slowness& slowness, std::ostream* out) { *out << slowness.words; }

class SlowDatabase : public Open, public testing::WithParamInterface<Slowness> {};

TEST_P(SlowDatabase, IsGivenUpAtTheDeadlineInWordsOfItsOwn) {
  server_.stop = GetParam().stop;
  begin({database_, GetParam().mysql ? decltype(Wish::session)(MysqlWish{}) : PgWish{}}, terms());
  ASSERT_TRUE(comes_to([&] { return GetParam().mysql ? server_.connections > 0 : server_.has_stopped; }));
  settle();
  advance(seconds(30) - milliseconds(1));
  settle();
  EXPECT_FALSE(result_);
  advance(milliseconds(1));
  ASSERT_TRUE(ends());
  EXPECT_EQ(code(), "connect_timeout");
  EXPECT_EQ(message(), "The database 'orders' (app_rw at db.example.com:5432, dialled at 127.0.0.1:" +
                           std::to_string(server_.port()) + ") " + GetParam().words);
  EXPECT_EQ(steps_of(refusal().steps), GetParam().steps);
}

INSTANTIATE_TEST_SUITE_P(
    Stages, SlowDatabase,
    testing::Values(Slowness{FakeDatabase::Stop::before_tls,
                             true,
                             "took the connection but did not send its greeting in time.",
                             {"login", "tcp", "tls connect_timeout"}},
                    Slowness{FakeDatabase::Stop::before_tls,
                             false,
                             "took the connection but did not finish TLS in time.",
                             {"login", "tcp", "tls connect_timeout"}},
                    Slowness{FakeDatabase::Stop::in_tls,
                             false,
                             "took the connection but did not finish TLS in time.",
                             {"login", "tcp", "tls connect_timeout"}},
                    Slowness{FakeDatabase::Stop::in_login,
                             false,
                             "did not answer the login in time.",
                             {"login", "tcp", "tls", "handshake connect_timeout"}}));

TEST_F(Open, TakesNoLongerThanItsTerms) {
  server_.stop = FakeDatabase::Stop::in_login;
  SessionProvider::Terms shorter = terms();
  shorter.time = seconds(2);
  begin(std::move(shorter));
  ASSERT_TRUE(comes_to([this] { return server_.has_stopped; }));
  advance(seconds(2));
  ASSERT_TRUE(ends());
  EXPECT_EQ(code(), "connect_timeout");
}

TEST_F(Open, CountsTheDeadlineFromItsTurnOn) {
  rate_ = std::make_shared<LoginRate>(1);
  begin();
  ASSERT_TRUE(ends());
  result_.reset();
  server_.stop = FakeDatabase::Stop::in_login;
  begin();
  settle();
  advance(seconds(1));
  ASSERT_TRUE(comes_to([this] { return server_.connections == 2 && server_.has_stopped; }));
  advance(seconds(30) - milliseconds(1));
  settle();
  EXPECT_FALSE(result_);
  advance(milliseconds(1));
  EXPECT_TRUE(ends());
}

// Other ends.

TEST_F(Open, PassesOnWhyNothingWasPrepared) {
  unprepared_ = base::make_error(Errc::ca_missing, "No CA.", "Name one.");
  unprepared_->aws = base::AwsAnswer{};
  unprepared_->aws->request_id = "request-2";
  begin();
  ASSERT_TRUE(ends());
  EXPECT_EQ(code(), "ca_missing");
  EXPECT_EQ(refusal().facts.request_id, "request-2") << "of the call that failed";
  EXPECT_THAT(steps_of(refusal().steps), ElementsAre("login ca_missing"));
  EXPECT_EQ(server_.connections, 0);
}

TEST_F(Open, SaysThatNothingListens) {
  addresses_ = {"127.0.0.2", "127.0.0.3"};
  begin();
  ASSERT_TRUE(ends());
  EXPECT_EQ(code(), "connect_failed");
  EXPECT_THAT(message(),
              HasSubstr("cannot be reached: 127.0.0.2: Connection refused; 127.0.0.3: Connection refused."));
  EXPECT_THAT(steps_of(refusal().steps), ElementsAre("login", "tcp connect_failed"));
  EXPECT_EQ(refusal().steps.all().back().detail, "127.0.0.3");
  EXPECT_EQ(refusal().facts.user, "app_rw");
}

TEST_F(Open, SaysThatTheConnectionWasLost) {
  server_.stop = FakeDatabase::Stop::in_login;
  begin();
  ASSERT_TRUE(comes_to([this] { return server_.has_stopped; }));
  server_.hang_up();
  ASSERT_TRUE(ends());
  EXPECT_EQ(code(), "upstream_lost");
  EXPECT_THAT(message(), HasSubstr("ended the connection in the middle of the login: "));
  EXPECT_THAT(steps_of(refusal().steps), ElementsAre("login", "tcp", "tls", "handshake upstream_lost"));
}

// Once more.

TEST_F(Open, AsksOnceMoreWithFreshCredentialsWhenCachedOnesWereRefused) {
  from_cache_ = true;
  server_.refuses = true;
  begin();
  ASSERT_TRUE(comes_to([this] { return prepared().size() == 2; }));
  server_.refuses = false;
  ASSERT_TRUE(ends());
  ASSERT_TRUE(*result_) << message();
  EXPECT_THAT(prepared(), ElementsAre(Fresh::no, Fresh::yes));
  EXPECT_EQ(server_.connections, 2);
  EXPECT_THAT(steps_of(session().steps), ElementsAre("login", "tcp", "tls", "handshake iam_token_refused",
                                                     "login", "tcp", "tls", "handshake"));
}

TEST_F(Open, NeverAsksAThirdTime) {
  from_cache_ = true;
  server_.refuses = true;
  stays_cached_ = true;
  begin();
  ASSERT_TRUE(ends());
  EXPECT_EQ(code(), "iam_token_refused");
  EXPECT_THAT(prepared(), ElementsAre(Fresh::no, Fresh::yes));
}

TEST_F(Open, DoesNotAskAgainWhenNothingCameFromACache) {
  server_.refuses = true;
  begin();
  ASSERT_TRUE(ends());
  EXPECT_EQ(code(), "iam_token_refused");
  EXPECT_THAT(message(), HasSubstr("refused the IAM token of arn:aws:iam::222222222222:role/Access"));
  EXPECT_EQ(refusal().failure.sqlstate, "28000");
  EXPECT_THAT(prepared(), ElementsAre(Fresh::no));
}

TEST_F(Open, DoesNotAskAgainAfterAnythingButARefusal) {
  from_cache_ = true;
  server_.stop = FakeDatabase::Stop::in_login;
  begin();
  ASSERT_TRUE(comes_to([this] { return server_.has_stopped; }));
  server_.hang_up();
  ASSERT_TRUE(ends());
  EXPECT_EQ(code(), "upstream_lost");
  EXPECT_THAT(prepared(), ElementsAre(Fresh::no));
}

TEST_F(Open, KeepsItsDeadlineTheSecondTime) {
  from_cache_ = true;
  server_.refuses = true;
  begin();
  ASSERT_TRUE(comes_to([this] { return prepared().size() == 1; }));
  advance(seconds(20));
  ASSERT_TRUE(comes_to([this] { return prepared().size() == 2; }));
  server_.stop = FakeDatabase::Stop::in_login;
  ASSERT_TRUE(comes_to([this] { return server_.connections == 2 && server_.has_stopped; }));
  advance(seconds(10));
  ASSERT_TRUE(ends());
  EXPECT_EQ(code(), "connect_timeout");
}

TEST_F(Open, SaysThatTheSecondLoginWasNotMadeInTime) {
  from_cache_ = true;
  server_.refuses = true;
  begin();
  ASSERT_TRUE(comes_to([this] { return server_.connections == 1; }));
  gate_.close();
  ASSERT_TRUE(comes_to([this] { return prepared().size() == 2; }));
  advance(seconds(31));
  ASSERT_TRUE(ends());
  EXPECT_EQ(code(), "upstream_timeout");
  EXPECT_EQ(refusal().facts.user, "app_rw") << "known from the first time";
}

// Given up.

enum class Point { in_line, preparing, dialling, before_tls, in_tls, in_login, told };

class GivenUp : public Open, public testing::WithParamInterface<Point> {
 protected:
  /// Lets it come to the stage.
  void come_to(Point stage) {
    switch (stage) {
      case Point::in_line:
        settle();
        return;
      case Point::preparing:
        ASSERT_TRUE(gate_.wait_for_arrivals(1));
        return;
      case Point::dialling:
        ASSERT_TRUE(comes_to([this] { return !prepared().empty() && !loop_.run_once(); }));
        return;
      case Point::before_tls:
      case Point::in_tls:
      case Point::in_login:
        ASSERT_TRUE(comes_to([this] { return server_.has_stopped; }));
        return;
      case Point::told:
        return;
    }
  }
};

TEST_P(GivenUp, LeavesNothingBehind) {
  std::optional<test::SilentAddress> silent;
  std::unique_ptr<LoginRate::Place> first;
  switch (GetParam()) {
    case Point::in_line:
      rate_ = std::make_shared<LoginRate>(1);
      first = rate_->enter("ada", [] {}, loop_.now(), seconds(60));
      break;
    case Point::preparing:
      gate_.close();
      break;
    case Point::dialling:
      silent.emplace(server_.port());
      addresses_ = {test::SilentAddress::kHost};
      break;
    case Point::before_tls:
      server_.stop = FakeDatabase::Stop::before_tls;
      break;
    case Point::in_tls:
      server_.stop = FakeDatabase::Stop::in_tls;
      break;
    case Point::in_login:
      server_.stop = FakeDatabase::Stop::in_login;
      break;
    case Point::told:
      rate_ = std::make_shared<LoginRate>(1);
      for (int i = 0; i < 12; ++i) places_.push_back(rate_->enter("ada", [] {}, loop_.now(), seconds(60)));
      break;
  }
  begin();
  come_to(GetParam());
  EXPECT_FALSE(result_);
  opening_.reset();
  first.reset();
  gate_.open();
  settle();
  advance(std::chrono::hours(1));
  settle();
  EXPECT_FALSE(result_);
  EXPECT_TRUE(server_.connections == 0 || server_.client_gone());
  const auto next = rate_->enter("ada", [] {}, loop_.now(), seconds(60));
  if (GetParam() != Point::told) EXPECT_EQ(next->wait(loop_.now()), milliseconds(0));
}

INSTANTIATE_TEST_SUITE_P(Stages, GivenUp,
                         testing::Values(Point::in_line, Point::preparing, Point::dialling, Point::before_tls,
                                         Point::in_tls, Point::in_login, Point::told));

TEST_F(Open, TakesBackACallThatHasNotBegun) {
  gate_.close();
  std::optional<Opening> others[2];
  for (auto& other : others) other.emplace(loop_, services_, wish(), terms(), [](SessionProvider::Result) {});
  ASSERT_TRUE(gate_.wait_for_arrivals(2));  // the lane is full
  begin();
  opening_.reset();
  gate_.open();
  ASSERT_TRUE(comes_to([this] { return server_.connections == 2; }));
  EXPECT_EQ(prepared().size(), 2U);
}

}  // namespace
}  // namespace rolegate::upstream

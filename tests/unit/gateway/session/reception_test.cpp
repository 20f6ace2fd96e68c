#include "gateway/session/reception.hpp"

#include <gmock/gmock.h>

#include "unit/gateway/session/fake_side.hpp"
#include "unit/gateway/session/session_fixture.hpp"

namespace rolegate::gateway {
namespace {

using Kind = Decision::Kind;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr const char* kAddress = "192.0.2.7";

class ReceptionTest : public SessionServicesTest {
 protected:
  ReceptionTest() {
    config::GatewayUser& ann = gateway_.users.emplace_back();
    ann.name = "ann";
    ann.databases = {"orders"};
    ann.max_sessions = 1;
    arrival_.client.group = kAddress;
    publish();
  }

  void publish() {
    config::Snapshot snapshot;
    snapshot.file = "rolegate.yaml";
    snapshot.gateway = std::make_shared<const config::Gateway>(gateway_);
    snapshot.broken = std::make_shared<const config::Snapshot::Names>(config::Snapshot::Names{"orders"});
    config::Database orders;
    orders.name = "orders";
    auto settings = std::make_shared<Settings>();
    settings->snapshot =
        std::make_shared<const config::Snapshot>(is_broken_ ? snapshot : snapshot.with(std::move(orders)));
    settings->max_sessions = max_sessions_;
    arrival_.settings = std::move(settings);
  }
  void fail(int times) {
    for (int i = 0; i < times; ++i) slowdown_.failed(kAddress, clock_.steady());
  }
  [[nodiscard]] milliseconds wait_now() { return slowdown_.wait(kAddress, clock_.steady()); }
  [[nodiscard]] std::uint64_t refused(Refusal refusal) {
    return stats_.snapshot().refusals.at(static_cast<std::size_t>(refusal));
  }
  Decision choose(const std::string& database) {
    script_.steps = {{.kind = Step::Kind::connect, .text = database}};
    return reception_.choose();
  }

  config::Gateway gateway_;
  bool is_broken_ = false;
  std::size_t max_sessions_ = 10;
  Arrival arrival_{{}, std::make_shared<const Listener>(), nullptr, {}};
  Record record_{random_, clock_.steady()};
  FakeSide::Script script_;
  FakeSide side_{script_};
  Reception reception_{arrival_, services_, side_, record_};
};

// Who it is.

TEST_F(ReceptionTest, AsksForAProofAndKnowsTheUser) {
  script_.steps = {{.kind = Step::Kind::start_tls}};
  EXPECT_EQ(reception_.admit().kind, Kind::start_tls);  // whatever the side says to the question
  EXPECT_EQ(record_.user, "ann");
  EXPECT_TRUE(record_.user_is_known);
}

TEST_F(ReceptionTest, TrustsWhomTheWayProves) {
  gateway_.users.front().peer_uid = 1001;
  arrival_.client.uid = 1001;
  publish();
  script_.steps = {{.kind = Step::Kind::authenticated, .text = "scram-sha-256"}};
  EXPECT_EQ(reception_.admit().kind, Kind::authenticated);
  EXPECT_EQ(record_.authentication, "peer");
  EXPECT_EQ(reception_.before_hearing().kind, Kind::listen);
}

TEST_F(ReceptionTest, TurnsEverybodyAwayOverTcpWhereNobodyIsConfigured) {
  gateway_.users.clear();
  publish();
  const Decision decision = reception_.admit();
  EXPECT_EQ(decision.kind, Kind::dismiss);
  EXPECT_EQ(decision.code, "users_missing");
  EXPECT_THAT(decision.answer, HasSubstr("error: "));
  EXPECT_EQ(refused(Refusal::users_missing), 1U);
}

TEST_F(ReceptionTest, SaysWhereAUserMayNotComeFromInTheAuditLogOnly) {
  gateway_.users.front().addresses = {*config::Network::parse("10.0.0.0/8")};
  publish();
  static_cast<void>(reception_.admit());
  const Decision decision = reception_.follow(
      {.kind = Step::Kind::refused, .text = "wrong password", .error = password_refused("ann")});
  EXPECT_EQ(decision.message, "the user may not come from this address");
  EXPECT_THAT(decision.answer, testing::Not(HasSubstr("address")));
}

// What it gets.

TEST_F(ReceptionTest, GivesTheDatabaseThatTheUserMayUse) {
  static_cast<void>(reception_.admit());
  EXPECT_EQ(choose("orders").kind, Kind::connect);
  EXPECT_EQ(record_.database->name, "orders");
}

TEST_F(ReceptionTest, TellsNobodyApartWhatIsNotThereAndWhatIsNotTheirs) {
  static_cast<void>(reception_.admit());
  const Decision other = choose("sales");
  EXPECT_EQ(other.code, "database_unknown");
  gateway_.users.front().databases = {};
  publish();
  static_cast<void>(reception_.admit());
  reception_.give_up_place();
  const Decision not_theirs = choose("orders");
  EXPECT_EQ(not_theirs.code, other.code);
}

TEST_F(ReceptionTest, SaysThatADatabaseIsBrokenOrThatNoneWasNamed) {
  is_broken_ = true;
  publish();
  static_cast<void>(reception_.admit());
  EXPECT_EQ(choose("orders").code, "config_invalid");
  reception_.give_up_place();
  EXPECT_EQ(choose("").message, database_missing().message);
}

TEST_F(ReceptionTest, CountsThoseWhoHaveASession) {
  static_cast<void>(reception_.admit());
  EXPECT_EQ(choose("orders").kind, Kind::connect);
  EXPECT_EQ(logged_in_.load(), 1U);
  {
    Record record{random_, clock_.steady()};
    Reception second(arrival_, services_, side_, record);
    static_cast<void>(second.admit());
    script_.steps = {{.kind = Step::Kind::connect, .text = "orders"}};
    EXPECT_EQ(second.choose().message, too_many_sessions_of("ann", 1).message);
  }
  reception_.give_up_place();
  EXPECT_EQ(logged_in_.load(), 0U);
  EXPECT_EQ(choose("orders").kind, Kind::connect);
}

TEST_F(ReceptionTest, KeepsToMaxSessions) {
  max_sessions_ = 0;
  publish();
  static_cast<void>(reception_.admit());
  EXPECT_EQ(choose("orders").message, too_many_sessions(0).message);
}

TEST_F(ReceptionTest, LetsNobodyInWhomTheAuditLogCannotTellOf) {
  gateway_.audit_required = true;
  audit_.is_working = false;
  publish();
  static_cast<void>(reception_.admit());
  EXPECT_EQ(choose("orders").code, "audit_log_unusable");
}

TEST_F(ReceptionTest, AuditsARefusedSessionOnlyOfSomebodyWhoIsKnown) {
  const Step none{.kind = Step::Kind::no_sessions};
  EXPECT_EQ(reception_.follow(none).code, "");
  static_cast<void>(reception_.follow({.kind = Step::Kind::authenticated, .text = "scram-sha-256"}));
  EXPECT_EQ(reception_.follow(none).code, "shutdown");
  EXPECT_EQ(refused(Refusal::draining), 2U);
}

// The failures of its address.

TEST_F(ReceptionTest, HearsNoProofBeforeTheFailuresAreWaitedOut) {
  fail(3);
  EXPECT_EQ(reception_.before_hearing().kind, Kind::listen);  // nothing is asked of it yet
  static_cast<void>(reception_.admit());
  const Decision decision = reception_.before_hearing();
  EXPECT_EQ(decision.kind, Kind::wait);
  EXPECT_EQ(decision.time, wait_now());
  EXPECT_EQ(reception_.waited(), decision.time);
  EXPECT_EQ(reception_.resume().kind, Kind::listen);
  EXPECT_EQ(reception_.before_hearing().kind, Kind::listen);  // it has waited
  EXPECT_EQ(stats_.logins_held.load(), 1U);
}

TEST_F(ReceptionTest, HearsWhoHasProvenWhoItIsAtOnce) {
  static_cast<void>(reception_.admit());
  fail(3);
  static_cast<void>(reception_.follow({.kind = Step::Kind::authenticated, .text = "scram-sha-256"}));
  EXPECT_EQ(reception_.before_hearing().kind, Kind::listen);
}

TEST_F(ReceptionTest, WaitsOnWhenMoreFailuresHaveComeMeanwhile) {
  fail(3);
  const milliseconds first = reception_.follow({.kind = Step::Kind::check}).time;
  fail(1);
  const Decision decision = reception_.resume();
  EXPECT_EQ(decision.kind, Kind::wait);
  EXPECT_EQ(decision.time, wait_now() - first);
  EXPECT_EQ(reception_.resume().kind, Kind::check_password);
}

TEST_F(ReceptionTest, AsksAClientThatHasAnsweredOnlyAfterTheWait) {
  fail(3);
  script_.has_answered = true;
  EXPECT_EQ(reception_.admit().kind, Kind::wait);
  script_.steps = {{.kind = Step::Kind::start_tls}};
  EXPECT_EQ(reception_.resume().kind, Kind::start_tls);
}

TEST_F(ReceptionTest, TakesACertificateForAProof) {
  fail(3);
  EXPECT_EQ(reception_.before_certificate().kind, Kind::wait);
  EXPECT_EQ(reception_.certificate_refused("The client shows an expired certificate.").code,
            "authentication_failed");
}

TEST_F(ReceptionTest, CountsEachGuessHoweverTheLoginEnds) {
  for (const bool left : {true, false}) {
    script_.guesses = 2;
    const milliseconds before = wait_now();
    const Decision decision =
        left ? reception_.leave_unproven({})
             : reception_.turn_away(startup_too_slow(), Refusal::timeout, "startup_timeout");
    EXPECT_EQ(decision.code, "authentication_failed");
    EXPECT_GT(wait_now(), before);
  }
  EXPECT_EQ(refused(Refusal::authentication), 2U);
  EXPECT_EQ(refused(Refusal::timeout), 0U);
}

TEST_F(ReceptionTest, CountsNoGuessThatNobodyHadTheTimeToLookAt) {
  script_.guesses = 1;
  EXPECT_EQ(reception_.password_checked(std::nullopt).code, "too_many_logins");
  EXPECT_EQ(slowdown_.size(), 0U);
}

TEST_F(ReceptionTest, TakesAClientThatShowsNothingForAProbe) {
  const Decision decision =
      reception_.follow({.kind = Step::Kind::unproven, .error = password_refused("ann")});
  EXPECT_EQ(decision.kind, Kind::dismiss);
  EXPECT_EQ(decision.code, "");
  EXPECT_EQ(decision.answer, "error: " + password_refused("ann").message);
  EXPECT_EQ(stats_.probes.load(), 1U);
}

TEST_F(ReceptionTest, MakesRoomWithoutAnAuditLineUnlessAGuessWasMade) {
  EXPECT_EQ(reception_.evict().code, "");
  EXPECT_EQ(refused(Refusal::too_many), 1U);
  script_.guesses = 1;
  EXPECT_EQ(reception_.evict().code, "authentication_failed");
}

}  // namespace
}  // namespace rolegate::gateway

#include <ostream>
#include <utility>

#include "support/gate.hpp"
#include "support/silent_address.hpp"
#include "unit/gateway/session/one_session_fixture.hpp"

// Whatever a session waits for: its client may go, its gateway may end, and what it waited for may come too
// late.

namespace rolegate::gateway {
namespace {

using std::chrono::seconds;

enum class Wait {
  for_the_client,
  for_failures,
  for_a_password,
  for_a_greeting,
  for_a_cancel,
  for_the_database
};

void PrintTo(Wait wait, std::ostream* out) {
  constexpr const char* kNames[] = {"for_the_client", "for_failures", "for_a_password",
                                    "for_a_greeting", "for_a_cancel", "for_the_database"};
  *out << kNames[static_cast<int>(wait)];
}

class SessionWaitsTest : public SessionTest, public testing::WithParamInterface<Wait> {
 protected:
  ~SessionWaitsTest() override {
    gate_.open();
    pool_.stop();
  }
  void wait() {
    switch (GetParam()) {
      case Wait::for_the_client:
        return begin();
      case Wait::for_failures:
        for (int i = 0; i < 3; ++i) slowdown_.failed("192.0.2.7", clock_.steady());
        begin();
        script_.steps = {{.kind = Step::Kind::admit}};
        say("name");
        return say("proof");
      case Wait::for_a_password:
        gate_.close();
        pool_.submit("another", base::CallPool::Urgency::login, [this] { gate_.pass(); });
        ASSERT_TRUE(gate_.wait_for_arrivals(1));
        begin();
        script_.steps = {{.kind = Step::Kind::admit}, {.kind = Step::Kind::check}};
        return say("password");
      case Wait::for_a_greeting:
        script_.steps = {{.kind = Step::Kind::greeting}};
        return begin();
      case Wait::for_a_cancel:
        begin();
        script_.steps = {{.kind = Step::Kind::cancel,
                          .key = cancel_keys_.give_out(
                              {"127.0.0.1", test::port_of(silent_server_), {}, {4711, "abcd"}}, 4, random_)}};
        return say("CancelRequest");
      case Wait::for_the_database:
        return connect();
    }
  }
  /// Everything that it may still wait for, and then some time.
  void expect_nothing_more() {
    const std::size_t lines = audit_.records.size();
    gate_.open();
    pool_.stop();
    if (script_.greeted) std::exchange(script_.greeted, {})();
    script_.steps = {{.kind = Step::Kind::violation, .text = "It is too late."}};
    run();
    pass(seconds(60));
    EXPECT_EQ(session_, nullptr);
    EXPECT_EQ(audit_.records.size(), lines);
    EXPECT_EQ(script_.steps.size(), 1U);
    EXPECT_TRUE(databases_.leases.empty());
    EXPECT_EQ(logged_in_.load(), 0U);
  }

  test::Gate gate_;
  const base::Descriptor silent_server_ = test::listen_at("127.0.0.1", 0, 1);
};

TEST_P(SessionWaitsTest, EndWithTheClient) {
  wait();
  client_.close();
  run();
  if (GetParam() == Wait::for_a_cancel) {
    EXPECT_EQ(session_->phase(), Phase::login);  // many drivers close at once
    pass(seconds(10));
  }
  EXPECT_EQ(session_, nullptr);
  if (GetParam() == Wait::for_the_database) {
    EXPECT_EQ(audited().reason, "client_gone");
  } else {
    EXPECT_TRUE(audit_.records.empty());
    EXPECT_EQ(stats_.probes.load(), GetParam() == Wait::for_a_cancel ? 0U : 1U);
  }
  expect_nothing_more();
}

TEST_P(SessionWaitsTest, EndWithTheGateway) {
  wait();
  session_->shut_down();
  run();
  EXPECT_EQ(session_->phase(), Phase::leaving);
  EXPECT_EQ(audited().reason, "shutdown");
  EXPECT_EQ(hear(), "error: " + shutting_down().message);
  EXPECT_TRUE(has_ended(client_));
  session_->shut_down();
  pass(Session::kLeaving);
  expect_nothing_more();
}

/// Only of those who have no session can one make room.
class SessionLoginWaitsTest : public SessionWaitsTest {};

TEST_P(SessionLoginWaitsTest, EndToMakeRoomForOthers) {
  wait();
  session_->evict();
  run();
  EXPECT_EQ(session_, nullptr);
  EXPECT_EQ(hear(), "");
  EXPECT_TRUE(has_ended(client_));
  EXPECT_TRUE(audit_.records.empty());
  expect_nothing_more();
}

TEST_P(SessionWaitsTest, EndInTheTimeOfTheClientWhereItIsTheClients) {
  wait();
  pass(Session::kStartup);
  switch (GetParam()) {
    case Wait::for_the_client:
    case Wait::for_a_password:
    case Wait::for_a_greeting:
      EXPECT_EQ(audited().reason, "startup_timeout");
      EXPECT_EQ(hear(), "error: " + startup_too_slow().message);
      pass(Session::kLeaving);
      return expect_nothing_more();
    case Wait::for_failures:
    case Wait::for_the_database:
      EXPECT_LT(session_->phase(), Phase::leaving);
      break;
    case Wait::for_a_cancel:
      EXPECT_EQ(session_->phase(), Phase::leaving);
      EXPECT_EQ(hear(), "");
      break;
  }
  EXPECT_TRUE(audit_.records.empty());
}

INSTANTIATE_TEST_SUITE_P(All, SessionLoginWaitsTest,
                         testing::Values(Wait::for_the_client, Wait::for_failures, Wait::for_a_password,
                                         Wait::for_a_greeting, Wait::for_a_cancel),
                         testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(All, SessionWaitsTest,
                         testing::Values(Wait::for_the_client, Wait::for_failures, Wait::for_a_password,
                                         Wait::for_a_greeting, Wait::for_a_cancel, Wait::for_the_database),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace rolegate::gateway

#include "gateway/session/pg_cancel.hpp"

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <signal.h>

#include "net/tls_context.hpp"
#include "support/gate.hpp"
#include "unit/gateway/session/session_fixture.hpp"
#include "unit/upstream/fake_database.hpp"
#include "unit/wire/pg_script.hpp"

namespace rolegate::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using upstream::FakeDatabase;
using wire::pg::script::cancel_request;
using wire::pg::script::kSslRequest;

constexpr milliseconds kTick{1};
constexpr seconds kLimit{10};
constexpr const char* kAddress = "192.0.2.7";

class PgCancelTest : public SessionServicesTest {
 protected:
  PgCancelTest() { ::signal(SIGPIPE, SIG_IGN); }  // as in the program: TLS writes to whom has gone

  /// The key of a session with the server at `port`, as its client was given it.
  wire::pg::CancelKey key_of(std::uint16_t port, wire::pg::CancelKey servers_own = {4711, "abcd"}) {
    return cancel_keys_.give_out(
        {"127.0.0.1", port, {net::make_client_context(), "db.example.com", false}, std::move(servers_own)}, 4,
        random_);
  }
  std::unique_ptr<PgCancel> cancel(const wire::pg::CancelKey& key) {
    return std::make_unique<PgCancel>(loop_, services_, kAddress, key, [this] { ++done_; });
  }
  template <typename Condition>
  void run_until(Condition condition) {
    EXPECT_TRUE(test::eventually([&] {
      run();
      return condition();
    }));
  }
  [[nodiscard]] std::uint64_t refused(Refusal refusal) {
    return stats_.snapshot().refusals.at(static_cast<std::size_t>(refusal));
  }

  int done_ = 0;
};

TEST_F(PgCancelTest, GoesToTheServerInsideTlsAndHasComeWhenThatCloses) {
  FakeDatabase database(loop_);
  database.stop = FakeDatabase::Stop::in_login;
  const auto request = cancel(key_of(database.port()));
  run_until([&] { return database.has_stopped; });
  EXPECT_EQ(database.heard(), kSslRequest + cancel_request(4711, 0x61626364));
  EXPECT_EQ(done_, 0);
  database.hang_up();
  run_until([&] { return done_ > 0; });
  EXPECT_EQ(done_, 1);
  EXPECT_EQ(stats_.cancels.load(), 1U);
  pass(2 * kLimit);
  EXPECT_EQ(done_, 1);
  EXPECT_TRUE(log_.warnings().empty());
}

TEST_F(PgCancelTest, IsTheOnlyOneOfItsSessionUntilItHasCome) {
  FakeDatabase database(loop_);
  database.stop = FakeDatabase::Stop::in_login;
  const wire::pg::CancelKey key = key_of(database.port());
  const auto first = cancel(key);
  const auto second = cancel(key);
  EXPECT_EQ(done_, 0);  // by the loop
  run();
  EXPECT_EQ(done_, 1);
  EXPECT_EQ(refused(Refusal::cancel_limit), 1U);
  run_until([&] { return database.has_stopped; });
  database.hang_up();
  run_until([&] { return done_ == 2; });
  const auto third = cancel(key);
  run_until([&] { return database.connections == 2; });
  EXPECT_EQ(refused(Refusal::cancel_limit), 1U);
}

TEST_F(PgCancelTest, WaitsForTheTurnOfItsAddress) {
  FakeDatabase database(loop_);
  database.stop = FakeDatabase::Stop::before_tls;
  for (int i = 0; i < CancelTurns::kPerSecond; ++i) {
    ASSERT_EQ(cancel_turns_.take(std::to_string(i), kAddress, clock_.steady()), milliseconds(0));
  }
  const auto request = cancel(key_of(database.port()));
  const milliseconds turn = milliseconds(1000) / CancelTurns::kPerSecond;
  pass(turn - kTick);
  EXPECT_EQ(stats_.cancels.load(), 0U);
  pass(kTick);
  EXPECT_EQ(stats_.cancels.load(), 1U);
  run_until([&] { return database.connections == 1; });
}

TEST_F(PgCancelTest, WithAWrongKeyIsAFailureOfItsAddress) {
  const auto request = cancel({4711, "abcd"});
  EXPECT_EQ(done_, 0);
  run();
  EXPECT_EQ(done_, 1);
  EXPECT_EQ(refused(Refusal::cancel_key), 1U);
  EXPECT_EQ(slowdown_.size(), 1U);
}

TEST_F(PgCancelTest, OfASessionThatHasEndedIsNoFailure) {
  const wire::pg::CancelKey key = key_of(1);
  cancel_keys_.close(key);
  const auto request = cancel(key);
  run();
  EXPECT_EQ(done_, 1);
  EXPECT_EQ(refused(Refusal::cancel_key), 0U);
  EXPECT_EQ(slowdown_.size(), 0U);
  EXPECT_EQ(stats_.cancels.load(), 0U);
}

TEST_F(PgCancelTest, GoesNowhereWhereTheServerHasGivenNoKey) {
  const auto request = cancel(key_of(1, {}));
  run();
  EXPECT_EQ(done_, 1);
  EXPECT_EQ(slowdown_.size(), 0U);
  EXPECT_EQ(stats_.cancels.load(), 0U);
}

TEST_F(PgCancelTest, WarnsThatItsServerWasNotReached) {
  std::uint16_t port = 0;
  {
    const base::Descriptor closed = test::listen_at("127.0.0.1", 0, 1);
    port = test::port_of(closed);
  }
  const wire::pg::CancelKey key = key_of(port);
  for (int turn = 1; turn <= 2; ++turn) {  // the turn is given back, and the warning comes once a minute
    const auto request = cancel(key);
    run_until([&] { return done_ == turn; });
  }
  EXPECT_EQ(refused(Refusal::cancel_limit), 0U);
  EXPECT_EQ(stats_.cancels.load(), 2U);
  ASSERT_EQ(log_.warnings().size(), 1U);
  EXPECT_THAT(log_.warnings().front(), HasSubstr("could not be passed on"));
}

TEST_F(PgCancelTest, EndsOnceWhateverAServerSaysTooLate) {
  const base::Descriptor listener = test::listen_at("127.0.0.1", 0, 1);
  const wire::pg::CancelKey key = key_of(test::port_of(listener));
  const auto request = cancel(key);
  base::Descriptor server;
  run_until([&] {
    server = base::Descriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    return static_cast<bool>(server);
  });
  std::string heard;
  run_until([&] { return (heard += hear(server)).size() == kSslRequest.size(); });
  pass(kLimit - kTick);
  EXPECT_EQ(done_, 0);
  pass(kTick);
  EXPECT_EQ(done_, 1);
  EXPECT_THAT(log_.warnings(), testing::SizeIs(1));
  run_until([&] { return has_ended(server); });
  EXPECT_EQ(::send(server.get(), "N", 1, MSG_NOSIGNAL), 1);
  server.close();
  run();
  EXPECT_EQ(done_, 1);
  EXPECT_TRUE(cancel_turns_.take(std::to_string(key.process_id) + key.secret, kAddress, clock_.steady()));
}

TEST_F(PgCancelTest, GivesItsTurnBackWhenItGoes) {
  FakeDatabase database(loop_);
  database.stop = FakeDatabase::Stop::in_login;
  const wire::pg::CancelKey key = key_of(database.port());
  auto request = cancel(key);
  run_until([&] { return database.has_stopped; });
  request.reset();
  run_until([&] { return database.client_gone(); });
  EXPECT_EQ(done_, 0);
  EXPECT_TRUE(cancel_turns_.take(std::to_string(key.process_id) + key.secret, kAddress, clock_.steady()));
}

}  // namespace
}  // namespace rolegate::gateway

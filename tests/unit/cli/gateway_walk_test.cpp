#include "cli/gateway_walk.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "unit/cli/string_output.hpp"
#include "unit/connect/scripted_server.hpp"
#include "unit/login/login_fixture.hpp"

namespace rolegate::cli {
namespace {

using namespace std::string_literals;

/// The real one, and ahead of it when the test says so.
struct ShiftedClock final : base::Clock {
  [[nodiscard]] base::WallTime now() const override { return real.now(); }
  [[nodiscard]] base::SteadyTime steady() const override { return real.steady() + ahead.load(); }
  const base::SystemClock real;
  std::atomic<std::chrono::seconds> ahead{std::chrono::seconds(0)};
};

/// A PostgreSQL database with a password, whose answer to the question is the test's.
class GatewayWalk : public login::LoginTest {
 protected:
  GatewayWalk() {
    found_.config.databases.emplace_back();
    config::Database& database = found_.config.databases.front();
    database.name = "plain";
    database.uri.user = "app";
    database.uri.password = base::Secret("canary-password");
    database.uri.host = "127.0.0.1";
    database.uri.port = server_.port();
    database.uri.ssl_mode = config::SslMode::require;
    found_.database = &database;
  }

  static std::string message(char type, const std::string& body) {
    const auto size = static_cast<char>(body.size() + 4);
    return type + "\0\0\0"s + size + body;
  }

  void serve(connect::Peer& peer) {
    peer.receive(8);
    peer.send("S");
    peer.start_tls(identity_);
    const std::string length = peer.receive(4);
    peer.receive(static_cast<std::size_t>(length[3]) - 4);
    peer.send(message('R', "\0\0\0\x03"s));
    peer.receive(5 + "canary-password"s.size() + 1);
    peer.send(message('R', "\0\0\0\0"s) + message('Z', "I"));
    peer.receive(5 + "SELECT 1"s.size() + 1);
    if (interrupts_) {
      // This thread was there before the watch: it must not be the one that takes the signal.
      sigset_t interrupt;
      sigemptyset(&interrupt);
      sigaddset(&interrupt, SIGINT);
      ::pthread_sigmask(SIG_BLOCK, &interrupt, nullptr);
      ::kill(::getpid(), SIGINT);
    } else if (stalls_) {
      clock_.ahead = std::chrono::hours(1);
      peer.send(message('N', "SNOTICE\0\0"s));  // which the loop wakes for
    } else {
      peer.send(answer_);
    }
  }

  base::Result<std::vector<std::string>> walk() {
    InterruptWatch interrupts;
    Context context{options_, environment, clock_,     log,
                    out_,     out_,        inherited_, [this]() -> login::LoginService& { return *service; }};
    return walk_as_gateway(context, found_, "SELECT 1", interrupts, steps_);
  }
  [[nodiscard]] std::vector<std::string> walked() const {
    std::vector<std::string> codes;
    for (const auto& step : steps_.all()) {
      codes.push_back(std::string(login::step_code(step.name)) +
                      (step.error ? " " + std::string(step.error->code) : std::string()));
    }
    return codes;
  }

  std::string answer_ = message('D', "\0\1\0\0\0\2hi"s) + message('C', "SELECT 1\0"s) + message('Z', "I");
  bool interrupts_ = false;  ///< instead of an answer
  bool stalls_ = false;      ///< likewise: an hour goes by
  login::Steps steps_;
  ShiftedClock clock_;

 private:
  const GlobalOptions options_;
  const InheritedLimits inherited_;
  StringOutput out_{Style{}};
  const test::Identity identity_ = test::make_identity("db.example.com");
  FoundDatabase found_;
  connect::ScriptedServer server_{[this](connect::Peer& peer) { serve(peer); }};
};

TEST_F(GatewayWalk, GivesTheFirstRow) {
  const auto row = walk();
  ASSERT_TRUE(row) << row.error().text();
  EXPECT_THAT(*row, testing::ElementsAre("hi"));
  EXPECT_THAT(walked(), testing::ElementsAre("login", "resolve", "tcp", "tls", "handshake", "query"));
}

TEST_F(GatewayWalk, SaysWhatTheServerSaysToTheQuestion) {
  answer_ = message('E', "SERROR\0C42501\0Mno\0\0"s);
  const auto row = walk();
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code, "query_failed");
  EXPECT_EQ(row.error().message, "no (SQLSTATE 42501)");
  EXPECT_EQ(walked().back(), "query query_failed");
}

TEST_F(GatewayWalk, TakesNoAnswerWithoutARowForOne) {
  answer_ = message('C', "SELECT 0\0"s) + message('Z', "I");
  const auto row = walk();
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().message, "The database answered without a row.");
}

TEST_F(GatewayWalk, WaitsForTheAnswerOnlySoLong) {
  stalls_ = true;
  const auto row = walk();
  ASSERT_FALSE(row);
  EXPECT_THAT(row.error().message, testing::HasSubstr("did not answer in time"));
  EXPECT_EQ(walked().back(), "query query_failed");
}

TEST_F(GatewayWalk, EndsTheQuestionAtCtrlC) {
  interrupts_ = true;
  const auto row = walk();
  ASSERT_FALSE(row);
  EXPECT_EQ(row.error().code, "query_cancelled");
  EXPECT_EQ(walked().back(), "query query_cancelled");
}

}  // namespace
}  // namespace rolegate::cli

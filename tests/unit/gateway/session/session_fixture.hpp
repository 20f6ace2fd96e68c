#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "gateway/session/session.hpp"
#include "support/fake_clock.hpp"
#include "unit/login/recording_log.hpp"

namespace rolegate::gateway {

struct RecordingAuditLog final : AuditLog {
  void write(const AuditRecord& record) override { records.push_back(record); }
  base::Result<void> reopen(const std::string&) override { return {}; }
  bool flush(std::chrono::milliseconds) override { return true; }
  [[nodiscard]] bool works() const override { return is_working; }
  std::vector<AuditRecord> records;
  bool is_working = true;
};

/// Lends what the test gives it, when the test says so.
class FakeDatabases final : public upstream::SessionProvider {
 public:
  struct Lease {
    upstream::Wish wish;
    Terms terms;
    Done done;
  };
  [[nodiscard]] Ticket lease(upstream::Wish wish, Terms terms, Done done) override {
    leases.emplace(next_, Lease{std::move(wish), std::move(terms), std::move(done)});
    return next_++;
  }
  void give_up(Ticket ticket) override { given_up += leases.erase(ticket); }
  /// As the loop would: the one lease that is asked for.
  void answer(std::expected<upstream::DatabaseSession, upstream::SessionRefusal> result) {
    Lease lease = std::move(leases.begin()->second);
    leases.clear();
    lease.done(std::move(result));
  }

  std::map<Ticket, Lease> leases;
  std::size_t given_up = 0;

 private:
  Ticket next_ = 1;
};

/// What sessions stand on, on a loop and a clock that the test moves on.
class SessionServicesTest : public testing::Test {
 protected:
  /// All that can be done without time going by; a loop that never comes to rest is a failure.
  void run() {
    for (int rounds = 0; loop_.run_once(); ++rounds) {
      if (rounds > 10000) FAIL() << "the loop never rests";
    }
  }
  /// Until another thread has brought what is awaited; at most for 20 s.
  template <typename Condition>
  void run_until(Condition condition) {
    const auto bound = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < bound) loop_.run_once();
    EXPECT_TRUE(condition());
  }
  void pass(std::chrono::milliseconds time) {
    clock_.advance(time);
    run();
  }

  static std::pair<base::Descriptor, base::Descriptor> socket_pair() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    return {base::Descriptor(ends[0]), base::Descriptor(ends[1])};
  }
  static void say(const base::Descriptor& end, std::string_view text) {
    ASSERT_EQ(::send(end.get(), text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  /// Everything that has come.
  static std::string hear(const base::Descriptor& end) {
    std::string all;
    char room[4096];
    for (ssize_t got = 0; (got = ::recv(end.get(), room, sizeof room, 0)) > 0;) {
      all.append(room, static_cast<std::size_t>(got));
    }
    return all;
  }
  /// The other side has said that nothing more will come.
  static bool has_ended(const base::Descriptor& end) {
    char next = 0;
    return ::recv(end.get(), &next, 1, MSG_PEEK) == 0;
  }

  test::FakeClock clock_;
  net::EventLoop loop_{clock_};
  base::SystemRandom random_;
  login::RecordingLog log_;
  RecordingAuditLog audit_;
  Stats stats_;
  base::CallPool pool_{{.threads = 1, .per_lane = 1}};
  config::Directory directory_;
  Desks desks_{directory_};
  FailureSlowdown slowdown_;
  OnceAMinute descriptor_warning_;
  OnceAMinute cancel_warning_;
  OnceAMinute held_warning_;
  CancelKeys cancel_keys_;
  CancelTurns cancel_turns_;
  MysqlGreetings greetings_{loop_, pool_};
  MysqlConnections connections_;
  FastPasswords fast_passwords_;
  MysqlServices mysql_{greetings_, connections_, fast_passwords_, nullptr};
  UserSessions user_sessions_;
  std::atomic<std::size_t> logged_in_{0};
  std::atomic<bool> draining_{false};
  SessionServices services_{pool_,
                            clock_,
                            random_,
                            log_,
                            audit_,
                            stats_,
                            desks_,
                            slowdown_,
                            descriptor_warning_,
                            cancel_warning_,
                            held_warning_,
                            cancel_keys_,
                            cancel_turns_,
                            mysql_,
                            user_sessions_,
                            0,
                            logged_in_,
                            draining_};
};

}  // namespace rolegate::gateway

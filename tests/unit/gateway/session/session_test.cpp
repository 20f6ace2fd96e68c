#include "gateway/session/session.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "gateway/mysql_greetings.hpp"
#include "gateway/session/mysql_session.hpp"
#include "gateway/session/pg_session.hpp"
#include "unit/login/login_fixture.hpp"
#include "upstream/openings.hpp"

namespace rolegate::gateway {
namespace {

struct NoAuditLog final : AuditLog {
  void write(const AuditRecord&) override {}
  base::Result<void> reopen(const std::string&) override { return {}; }
  bool flush(std::chrono::milliseconds) override { return true; }
  [[nodiscard]] bool works() const override { return true; }
};

/// One session on the test's own loop; the client is the test.
class SessionTest : public login::LoginTest, public SessionKeeper {
 protected:
  SessionTest() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    client_ = base::Descriptor(ends[0]);
    accepted_ = ends[1];
    auto settings = std::make_shared<Settings>();
    settings->snapshot = std::make_shared<const config::Snapshot>();
    settings_ = settings;
    auto listener =
        std::make_shared<const Listener>(Listener{"127.0.0.1:6432", net::Wire::postgresql, {}, false});
    session_ = std::make_unique<PgSession>(loop_, shared_, *this,
                                           Arrival{base::Descriptor(accepted_),
                                                   std::move(listener),
                                                   std::move(settings),
                                                   {"192.0.2.7:51234", "192.0.2.7", {}, {}}});
  }

  ~SessionTest() override { session_.reset(); }  // it uses everything else

  void authenticated(Session&) override {}
  void told_to_go(Session&, const std::string& address_group) override {
    EXPECT_EQ(address_group, "192.0.2.7");
    ++told_to_go_;
  }
  void ended(Session&) override { loop_.retire(std::move(session_)); }
  [[nodiscard]] std::shared_ptr<const Settings> latest_settings() const override { return settings_; }
  [[nodiscard]] upstream::SessionProvider& sessions_with_databases() override { return openings_; }

  void say(std::string_view text) const {
    ASSERT_EQ(::send(client_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  /// What the client has said and the session has not read.
  [[nodiscard]] std::size_t unread() const {
    int bytes = 0;
    EXPECT_EQ(::ioctl(accepted_, FIONREAD, &bytes), 0);
    return static_cast<std::size_t>(bytes);
  }
  /// After whatever is ready by then.
  void in_the_next_round(net::EventLoop::Task task) {
    loop_.in(std::chrono::milliseconds(0), std::move(task));
  }

  const base::SystemClock clock_;
  net::EventLoop loop_{clock_};
  std::shared_ptr<const Settings> settings_;
  base::Descriptor client_;
  int accepted_ = -1;
  std::unique_ptr<PgSession> session_;
  int told_to_go_ = 0;

 private:
  base::SystemRandom random_;
  NoAuditLog audit_;
  Stats stats_;
  config::Directory directory_;
  Desks desks_{directory_};
  upstream::UpstreamTls tls_{environment, clock};
  login::CallPool pool_{{.threads = 1, .per_lane = 1}};
  FailureSlowdown slowdown_;
  OnceAMinute descriptor_warning_;
  OnceAMinute cancel_warning_;
  OnceAMinute held_warning_;
  CancelKeys cancel_keys_;
  CancelTurns cancel_turns_;
  MysqlGreetings greetings_{loop_, pool_};
  MysqlConnections connections_;
  FastPasswords fast_passwords_;
  MysqlDoor mysql_{greetings_, connections_, fast_passwords_, nullptr};
  UserSessions user_sessions_;
  std::atomic<std::size_t> logged_in_{0};
  std::atomic<bool> draining_{false};
  Shared shared_{{upstream::prepare_with(*service, tls_), pool_, random_},
                 clock,
                 random_,
                 log,
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
  upstream::Openings openings_{loop_, shared_.upstream};
};

TEST_F(SessionTest, ReadsOnceInARoundOfAClientThatWasRefused) {
  const std::size_t one_read = loop_.buffer().size();
  session_->begin();
  say("GET / HTTP/1.1\r\n\r\n");
  in_the_next_round([&] {
    EXPECT_EQ(told_to_go_, 1);
    EXPECT_EQ(unread(), 0U);  // it was refused, and goes on talking
    say(std::string(one_read + 1, 'x'));
    in_the_next_round([&] {
      EXPECT_EQ(unread(), 1U);
      loop_.stop();
    });
  });
  loop_.run();
}

}  // namespace
}  // namespace rolegate::gateway

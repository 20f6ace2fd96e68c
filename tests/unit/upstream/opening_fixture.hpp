#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "net/event_loop.hpp"
#include "net/tls_context.hpp"
#include "support/fake_clock.hpp"
#include "support/gate.hpp"
#include "unit/upstream/fake_database.hpp"
#include "upstream/opening.hpp"

namespace rolegate::upstream {

/// Sessions with a FakeDatabase, on a loop whose time the test moves. What is prepared for them is the
/// test's.
class OpeningTest : public testing::Test {
 protected:
  OpeningTest() {
    ::signal(SIGPIPE, SIG_IGN);  // as in the program: TLS writes to whom has gone
    database_->name = "orders";
    database_->uri.connect_timeout = std::chrono::seconds(30);
    database_->aws_iam.emplace();
    database_->aws_iam->role_arn = "arn:aws:iam::222222222222:role/Access";
  }
  ~OpeningTest() override {
    gate_.open();
    pool_.stop();
  }

  [[nodiscard]] Wish wish() const { return {database_, PgWish{"", {{"application_name", "talk"}}}}; }
  [[nodiscard]] SessionProvider::Terms terms(std::string client = "ada") const {
    return {{true, "rolegate.yaml"}, rate_, std::move(client)};
  }

  /// Lets the loop go on until `condition`; the clock stands still.
  template <typename Condition>
  [[nodiscard]] bool comes_to(Condition condition) {
    return test::eventually([&] {
      loop_.run_once();
      return condition();
    });
  }
  /// Until the loop has nothing to do, and the pool neither.
  void settle() {
    while (loop_.run_once()) {
    }
  }
  void advance(std::chrono::milliseconds time) {
    clock_.advance(time);
    loop_.run_once();
  }

  [[nodiscard]] static login::Login login_to(std::uint16_t port) {
    login::Login login;
    login.database = "orders";
    login.user = "app_rw";
    login.password = base::Secret("canary-token");
    login.host = "db.example.com";
    login.port = 5432;
    login.dial = {"127.0.0.1", port};
    login.db_name = "app";
    login.ssl_mode = config::SslMode::require;
    login.role_arn = "arn:aws:iam::222222222222:role/Access";
    login.principal = login.role_arn;
    login.request_id = "request-1";
    return login;
  }

  /// What has been prepared so far: fresh or not.
  [[nodiscard]] std::vector<login::Fresh> prepared() const {
    const std::lock_guard lock(mutex_);
    return prepared_;
  }

  test::FakeClock clock_;
  net::EventLoop loop_{clock_};
  FakeDatabase server_{loop_};
  std::shared_ptr<config::Database> database_ = std::make_shared<config::Database>();
  std::shared_ptr<LoginRate> rate_ = std::make_shared<LoginRate>(0);
  test::Gate gate_;            ///< of what is prepared
  bool from_cache_ = false;    ///< the first login is …
  bool stays_cached_ = false;  ///< … and all others
  std::vector<std::string> addresses_{"127.0.0.1"};
  std::optional<base::Error> unprepared_;  ///< in place of a preparation

 private:
  base::Result<Preparation> prepare(login::Steps& steps, login::Fresh fresh) {
    {
      const std::lock_guard lock(mutex_);
      prepared_.push_back(fresh);
    }
    static_cast<void>(gate_.pass());
    steps.add(login::StepName::login, std::chrono::milliseconds(1), {}, unprepared_);
    if (unprepared_) return std::unexpected(*unprepared_);
    login::Login login = login_to(server_.port());
    login.from_cache = stays_cached_ || (from_cache_ && fresh == login::Fresh::no);
    auto tls = std::make_shared<UpstreamTlsContext>();
    tls->ssl = net::make_client_context();
    return Preparation{std::move(login), addresses_, std::move(tls)};
  }

  mutable std::mutex mutex_;
  std::vector<login::Fresh> prepared_;
  base::SystemRandom random_;
  base::CallPool pool_{{.threads = 2, .per_lane = 2}};

 protected:
  const UpstreamServices services_{[this](const config::IamFlag& flag, const config::Database& database,
                                          base::Deadline, login::Steps& steps, login::Fresh fresh) {
                                     EXPECT_TRUE(flag.enabled);
                                     EXPECT_EQ(&database, database_.get());
                                     return prepare(steps, fresh);
                                   },
                                   pool_, random_};
};

inline std::vector<std::string> steps_of(const login::Steps& steps) {
  std::vector<std::string> codes;
  for (const auto& step : steps.all()) {
    codes.push_back(std::string(login::step_code(step.name)) +
                    (step.error ? " " + std::string(step.error->code) : std::string()));
  }
  return codes;
}

}  // namespace rolegate::upstream

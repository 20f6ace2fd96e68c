#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <sys/ioctl.h>

#include "unit/gateway/session/fake_side.hpp"
#include "unit/gateway/session/session_fixture.hpp"

namespace rolegate::gateway {

/// One session on the test's own loop; client, database and time are the test's.
class SessionTest : public SessionServicesTest, public SessionKeeper {
 protected:
  SessionTest() {
    auto gateway = std::make_shared<config::Gateway>();
    config::GatewayUser& ann = gateway->users.emplace_back();
    ann.name = "ann";
    ann.all_databases = true;
    gateway_ = gateway;
    publish();
    arrive({"192.0.2.7:51234", "192.0.2.7", {}, {}});
  }
  ~SessionTest() override { session_.reset(); }

  void arrive(Client client) {
    auto [near, far] = socket_pair();
    accepted_ = near.get();
    client_ = std::move(far);
    session_ = std::make_unique<Session>(
        loop_, services_, *this, databases_,
        Arrival{std::move(near),
                std::make_shared<const Listener>(Listener{"127.0.0.1:6432", protocol_, {}, false}), settings_,
                std::move(client)},
        [this](const Arrival&, SessionServices&) { return std::make_unique<FakeSide>(script_); });
  }

  void publish() {
    config::Snapshot snapshot;
    snapshot.gateway = gateway_;
    for (const std::string& name : served_) {
      config::Database database;
      database.name = name;
      if (protocol_ == net::Protocol::mysql) database.uri.engine = config::Engine::mysql;
      snapshot = snapshot.with(std::move(database));
    }
    auto settings = std::make_shared<Settings>();
    settings->snapshot = std::make_shared<const config::Snapshot>(std::move(snapshot));
    settings->idle_timeout = gateway_->idle_timeout;
    settings_ = settings;
  }

  void serve_mysql() {
    protocol_ = net::Protocol::mysql;
    publish();
    greetings_.put(*settings_->snapshot->databases.find("orders"));
    arrive({"192.0.2.7:51234", "192.0.2.7", {}, {}});
  }

  // The keeper.
  void authenticated(Session&) override { ++authenticated_; }
  void logs_in_again(Session&, const std::string& address_group) override {
    EXPECT_EQ(address_group, "192.0.2.7");
    ++logs_in_again_;
  }
  void told_to_go(Session&, const std::string& address_group) override {
    EXPECT_EQ(address_group, "192.0.2.7");
    ++told_to_go_;
  }
  void ended(Session&) override { loop_.retire(std::move(session_)); }
  [[nodiscard]] std::shared_ptr<const Settings> latest_settings() const override { return settings_; }

  void begin() {
    session_->begin();
    run();
  }
  void say(std::string_view text) {
    SessionServicesTest::say(client_, text);
    run();
  }
  std::string hear() { return SessionServicesTest::hear(client_); }
  [[nodiscard]] std::size_t unread() const {
    int bytes = 0;
    EXPECT_EQ(::ioctl(accepted_, FIONREAD, &bytes), 0);
    return static_cast<std::size_t>(bytes);
  }
  [[nodiscard]] std::shared_ptr<Desk> desk() {
    return desks_.of(*settings_->snapshot->databases.find("orders")->database);
  }
  [[nodiscard]] const AuditRecord& audited() const { return audit_.records.back(); }

  /// As far as the database being asked for a session.
  void connect() {
    begin();
    log_in();
  }
  void log_in() {
    script_.steps = {{.kind = Step::Kind::admit},
                     {.kind = Step::Kind::authenticated, .text = "scram-sha-256"},
                     {.kind = Step::Kind::connect, .text = "orders"}};
    say("startup");
    ASSERT_EQ(databases_.leases.size(), 1U);
    ASSERT_EQ(session_->phase(), Phase::connecting);
  }
  /// As the database does.
  void let_in() {
    auto [near, far] = socket_pair();
    database_ = std::move(far);
    upstream::DatabaseSession session;
    session.stream = net::Stream(std::move(near));
    session.address = "10.0.0.5";
    session.port = 5432;
    session.facts.user = "app_rw";
    databases_.answer(std::move(session));
    run();
  }
  /// As far as bytes being carried.
  void relay() {
    connect();
    let_in();
    ASSERT_EQ(session_->phase(), Phase::relaying);
    ASSERT_EQ(hear(), "welcome ");
    ASSERT_EQ(SessionServicesTest::hear(database_), "first ");
  }

  net::Protocol protocol_ = net::Protocol::postgresql;
  std::vector<std::string> served_{"orders"};  ///< databases
  std::shared_ptr<config::Gateway> gateway_;
  std::shared_ptr<const Settings> settings_;
  FakeDatabases databases_;
  FakeSide::Script script_;
  base::Descriptor client_;
  base::Descriptor database_;
  int accepted_ = -1;
  int authenticated_ = 0;
  int told_to_go_ = 0;
  int logs_in_again_ = 0;
  std::unique_ptr<Session> session_;
};

}  // namespace rolegate::gateway

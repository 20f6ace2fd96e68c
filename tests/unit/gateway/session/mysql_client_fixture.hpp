#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/session/mysql_client.hpp"
#include "unit/config/make_database.hpp"
#include "unit/gateway/session/session_fixture.hpp"
#include "unit/wire/mysql_bytes.hpp"
#include "wire/mysql/capabilities.hpp"

namespace rolegate::gateway {

/// A client of MySQL as far as its login has come; databases and users are the test's.
class MysqlClientTest : public SessionServicesTest {
 protected:
  MysqlClientTest() {
    arrival_.client.group = "192.0.2.7";
    publish();
  }

  void publish() {
    config::Snapshot snapshot;
    snapshot.gateway = std::make_shared<const config::Gateway>(gateway_);
    for (const std::string& name : databases_) {
      config::Database database = config::make_database(name);
      database.uri.engine = config::Engine::mysql;
      snapshot = snapshot.with(std::move(database));
      greetings_.put(*snapshot.databases.find(name));
    }
    auto settings = std::make_shared<Settings>();
    settings->snapshot = std::make_shared<const config::Snapshot>(std::move(snapshot));
    arrival_.settings = std::move(settings);
  }
  void learn(const std::string& database) {
    wire::mysql::Greeting greeting;
    greeting.server_version = "8.0.36-" + database;
    greeting.capabilities = wire::mysql::kLongPassword | wire::mysql::kConnectAttrs | wire::mysql::kCompress;
    greetings_.learned(arrival_.settings->snapshot->databases.find(database)->database, greeting);
  }
  config::GatewayUser& add_user(std::string name) {
    config::GatewayUser& user = gateway_.users.emplace_back();
    user.name = std::move(name);
    publish();
    return user;
  }
  void open_another(const std::string& user, const std::string& database, std::uint32_t id) {
    connections_.open(id, {4711, database, user, "10.0.0.5", 3306});
  }

  /// One that comes in at a shared listener, or at one of the database's own.
  MysqlClient& client_at(const std::string& database) {
    arrival_.listener =
        std::make_shared<const Listener>(Listener{"127.0.0.1:3306", net::Protocol::mysql, database, false});
    return client_.emplace(arrival_, services_);
  }
  /// The greeting that such a client is given.
  wire::mysql::Greeting greet(MysqlClient& client) {
    EXPECT_EQ(client.greet().kind, Step::Kind::more);
    const std::string output = client.take_output();
    EXPECT_EQ(output.at(3), '\0');
    const auto greeting = wire::mysql::parse_greeting(output.substr(4));
    EXPECT_TRUE(greeting);
    return greeting.value_or(wire::mysql::Greeting{});
  }
  /// A HandshakeResponse41 that answers nothing.
  static std::string response(const std::string& user, const std::string& schema = "") {
    using namespace wire::mysql;
    using namespace std::string_literals;
    const Capabilities capabilities =
        kLongPassword | kProtocol41 | kSecureConnection | kPluginAuth | (schema.empty() ? 0 : kConnectWithDb);
    return wire::mysql::packet(1, wire::mysql::le(capabilities, 4) + wire::mysql::le(1 << 20, 4) + "\x2E" +
                                      std::string(23, '\0') + user + "\0\0"s +
                                      (schema.empty() ? "" : schema + '\0') + "caching_sha2_password\0"s);
  }
  /// Greeted, and somebody.
  MysqlClient& named(const std::string& listener, const std::string& user, const std::string& schema = "") {
    MysqlClient& client = client_at(listener);
    static_cast<void>(greet(client));
    EXPECT_EQ(client.receive(response(user, schema)).kind, Step::Kind::admit);
    user_ = client.user();
    return client;
  }
  /// And let in: what it wants.
  Step chosen(const std::string& listener, const std::string& user, const std::string& schema = "",
              const Admission& admission = {}) {
    MysqlClient& client = named(listener, user, schema);
    EXPECT_EQ(client.trust().kind, Step::Kind::authenticated);
    return client.choose(admission);
  }
  [[nodiscard]] upstream::MysqlWish wish(const config::GatewayUser* identified = nullptr) const {
    return std::get<upstream::MysqlWish>(client_->wish(identified));
  }
  static upstream::DatabaseSession session() {
    upstream::DatabaseSession session;
    session.address = "10.0.0.5";
    session.port = 3306;
    upstream::MysqlStart start;
    start.greeting.connection_id = 17;
    start.greeting.server_version = "8.0.36-met";
    start.ok_payload = wire::mysql::ok_payload();
    start.rest = wire::mysql::packet(0, "later");
    session.start = std::move(start);
    return session;
  }

  config::Gateway gateway_;
  std::vector<std::string> databases_;
  Arrival arrival_{{}, nullptr, nullptr, {}};
  std::optional<MysqlClient> client_;
  std::string user_;
};

}  // namespace rolegate::gateway

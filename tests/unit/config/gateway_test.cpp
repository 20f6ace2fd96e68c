#include "config/gateway.hpp"

#include <gmock/gmock.h>

#include "config/read/parse_listen_address.hpp"
#include "unit/config/broken.hpp"

namespace rolegate::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// Made by PostgreSQL 15 from "correct horse".
const std::string kVerifier =
    "SCRAM-SHA-256$4096:MTIzNDU2Nzg5MDEyMzQ1Ng==$4xSA0Jd0IP0f1bGLHe6nSJl8Xba5wTYx2kmJ0hH1Wb8=:"
    "k+R1ZJb7nQ2wYmjx6PjUyBqJb9b0fJ2v6bWbTt4bD1I=";

const std::string kDatabases =
    "databases:\n"
    "  - database_name: orders\n    sqlalchemy_uri: postgresql://u:p@h/app\n"
    "    listen: ['127.0.0.1:5433', 'unix:/run/orders']\n"
    "  - database_name: shop\n    sqlalchemy_uri: mysql://u:p@h/app\n    listen: ['unix:/run/shop.sock']\n"
    "  - database_name: broken\n    sqlalchemy_uri: oracle://h\n";

/// The gateway of a configuration without problems but those of the broken database.
Gateway gateway_of(const std::string& section) {
  const Loaded loaded = load_yaml(kDatabases + section);
  for (const Problem& problem : loaded.problems) {
    if (problem.database != "broken") ADD_FAILURE() << problem.text();
  }
  EXPECT_FALSE(loaded.config.gateway_broken);
  return loaded.config.gateway.value_or(Gateway{});
}

TEST(Gateway, ReadsTheWholeSection) {
  const Gateway gateway = gateway_of(
      "gateway:\n"
      "  postgresql:\n"
      "    listen: [\"127.0.0.1:6432\", \"unix:/run/rolegate\"]\n"
      "    tls: {cert: c.pem, key: k.pem, required: true, client_ca: ca.pem, client_crl: crl.pem}\n"
      "  mysql:\n"
      "    listen: [\"[::1]:6033\", \"unix:/run/rolegate/mysql.sock\"]\n"
      "    tls: {cert: mc.pem, key: mk.pem}\n"
      "  users:\n"
      "    - {name: alice, password: \"" +
      kVerifier +
      " *0E8F21E4240F5AD5A07D088F9C93890D13D78a4e\", databases: [orders, shop]}\n"
      "    - {name: ci, peer_uid: 1001, databases: [\"*\"]}\n"
      "    - {name: bi, client_cert_cn: bi.example.com, databases: [broken]}\n"
      "  max_sessions: 20\n"
      "  login_rate: 7\n"
      "  idle_timeout: 5m\n"
      "  drain_timeout: 1500ms\n"
      "  audit_log: /var/log/rolegate/audit.jsonl\n");
  EXPECT_THAT(
      gateway.postgresql.listen,
      ElementsAre(base::ListenAddress{"127.0.0.1:6432", false, "", "127.0.0.1", 6432},
                  base::ListenAddress{"unix:/run/rolegate", true, "/run/rolegate", "", kDefaultSocketPort}));
  EXPECT_EQ(gateway.postgresql.tls, (GatewayTls{"c.pem", "k.pem", "ca.pem", "crl.pem"}));
  EXPECT_EQ(gateway.postgresql.tls_required, true);
  EXPECT_THAT(gateway.mysql.listen, ElementsAre(base::ListenAddress{"[::1]:6033", false, "", "::1", 6033},
                                                base::ListenAddress{"unix:/run/rolegate/mysql.sock", true,
                                                                    "/run/rolegate/mysql.sock", "", 0}));
  EXPECT_EQ(gateway.mysql.tls, (GatewayTls{"mc.pem", "mk.pem", "", ""}));
  EXPECT_EQ(gateway.mysql.tls_required, std::nullopt);
  EXPECT_EQ(gateway.max_sessions, 20u);
  EXPECT_EQ(gateway.login_rate, 7);
  EXPECT_EQ(gateway.idle_timeout, 5min);
  EXPECT_EQ(gateway.drain_timeout, 1500ms);
  EXPECT_EQ(gateway.audit_log, "/var/log/rolegate/audit.jsonl");

  ASSERT_EQ(gateway.users.size(), 3u);
  const GatewayUser& alice = gateway.users[0];
  EXPECT_EQ(alice.name, "alice");
  ASSERT_TRUE(alice.scram);
  EXPECT_EQ(alice.scram->text(), kVerifier);
  ASSERT_TRUE(alice.mysql_native);
  EXPECT_EQ(alice.mysql_native->front(), 0x0E);
  EXPECT_EQ(alice.mysql_native->back(), 0x4E);
  EXPECT_FALSE(alice.peer_uid);
  EXPECT_THAT(alice.databases, ElementsAre("orders", "shop"));
  EXPECT_EQ(gateway.users[1].peer_uid, 1001u);
  EXPECT_TRUE(gateway.users[1].all_databases);
  EXPECT_FALSE(gateway.users[1].scram);
  EXPECT_EQ(gateway.users[2].client_cert_cn, "bi.example.com");
  EXPECT_THAT(gateway.users[2].databases, ElementsAre("broken"));
}

TEST(Gateway, HasTheseDefaults) {
  const Gateway gateway = gateway_of(
      "gateway: {users: [{name: a, password: \"" + kVerifier +
      "\", databases: [orders]}], postgresql: null, mysql: {}, max_sessions: null, idle_timeout: null}\n");
  EXPECT_THAT(gateway.postgresql.listen, IsEmpty());
  EXPECT_FALSE(gateway.postgresql.tls);
  EXPECT_EQ(gateway.max_sessions, 10000u);
  EXPECT_EQ(gateway.login_rate, 100);
  EXPECT_EQ(gateway.idle_timeout, 0ms);
  EXPECT_EQ(gateway.drain_timeout, 30s);
  EXPECT_EQ(gateway.audit_log, "");
  EXPECT_FALSE(gateway.users[0].mysql_native);
}

TEST(Gateway, IsNotThereWithoutTheSection) {
  for (const char* section : {"", "gateway:\n", "gateway: null\n"}) {
    const Loaded loaded = load_yaml(
        std::string("databases:\n  - {database_name: a, sqlalchemy_uri: 'mysql://u:p@h'}\n") + section);
    EXPECT_THAT(texts(loaded.problems), IsEmpty());
    EXPECT_FALSE(loaded.config.gateway);
    EXPECT_FALSE(loaded.config.gateway_broken);
  }
}

TEST(Gateway, IsMissingWithErrorsAndTheDatabasesStay) {
  for (const char* section :
       {"{max_sessions: 0}", "[]", "x", "''", "{postgresql: {listen: ['x']}}", "{y: z}"}) {
    const Loaded loaded = load_yaml(
        "databases:\n  - {database_name: a, sqlalchemy_uri: 'mysql://u:p@h', listen: ['unix:/a']}\n"
        "gateway: " +
        std::string(section) + "\n");
    EXPECT_TRUE(loaded.has_errors()) << section;
    EXPECT_FALSE(loaded.config.gateway) << section;
    EXPECT_TRUE(loaded.config.gateway_broken) << section;
    ASSERT_EQ(loaded.config.databases.size(), 1u) << section;
    EXPECT_EQ(loaded.config.databases[0].listen.at(0).path, "/a");
  }
}

TEST(Gateway, IsWholeBesideABrokenDatabase) {
  const Loaded loaded = load_yaml(
      "databases:\n  - {database_name: a, sqlalchemy_uri: 'x', listen: ['unix:relative']}\n"
      "gateway: {postgresql: {listen: ['unix:/run/rolegate']}}\n");
  EXPECT_TRUE(loaded.has_errors());
  EXPECT_TRUE(loaded.config.gateway);
  EXPECT_FALSE(loaded.config.gateway_broken);
}

TEST(GatewayDuration, TakesTheseForms) {
  const std::pair<const char*, std::chrono::milliseconds> kForms[] = {
      {"0", 0ms},   {"\"0\"", 0ms},   {"0s", 0ms},    {"30", 30s}, {"30s", 30s}, {"\"45\"", 45s},
      {"1ms", 1ms}, {"500ms", 500ms}, {"90m", 90min}, {"2h", 2h},  {"24h", 24h}, {"86400", 24h}};
  for (const auto& [text, expected] : kForms) {
    const Gateway gateway = gateway_of(std::string("gateway: {users: [{name: a, password: \"") + kVerifier +
                                       "\", databases: ['*']}], drain_timeout: " + text + "}\n");
    EXPECT_EQ(gateway.drain_timeout, expected) << text;
  }
}

TEST(GatewayUser, MayUseTheListedDatabasesOnly) {
  GatewayUser user;
  EXPECT_FALSE(user.may_use("orders"));
  user.databases = {"orders", "shop"};
  EXPECT_TRUE(user.may_use("orders"));
  EXPECT_TRUE(user.may_use("shop"));
  EXPECT_FALSE(user.may_use("Orders"));
  EXPECT_FALSE(user.may_use("order"));
  EXPECT_FALSE(user.may_use(""));
  EXPECT_FALSE(user.may_use("*"));
  user.all_databases = true;
  EXPECT_TRUE(user.may_use("anything"));
}

TEST(DatabaseListen, IsOfTheDatabasesOwnWire) {
  const Loaded loaded = load_yaml(
      "databases:\n"
      "  - {database_name: a, sqlalchemy_uri: 'postgresql://u:p@h', listen: ['unix:/run/a']}\n"
      "  - {database_name: b, sqlalchemy_uri: 'redshift://u:p@h', listen: ['unix:/run/a/.s.PGSQL.5439']}\n"
      "  - {database_name: c, sqlalchemy_uri: 'mysql://u:p@h', listen: ['unix:/run/c.sock', "
      "'unix:/run/d']}\n");
  EXPECT_THAT(texts(loaded.problems), IsEmpty());
  ASSERT_EQ(loaded.config.databases.size(), 3u);
  EXPECT_EQ(loaded.config.databases[0].listen.at(0).port, 6432);
  EXPECT_EQ(loaded.config.databases[1].listen.at(0).path, "/run/a");
  EXPECT_EQ(loaded.config.databases[1].listen.at(0).port, 5439);
  EXPECT_EQ(loaded.config.databases[2].listen.at(0).path, "/run/c.sock");
  EXPECT_EQ(loaded.config.databases[2].listen.at(1).port, 0);
}

TEST(Admin, ListensWhereTheFileSays) {
  for (const char* address : {"127.0.0.1:9999", "127.1.2.3:0", "[::1]:80"}) {
    const Loaded loaded =
        load_yaml(std::string("databases:\n  - {database_name: a, sqlalchemy_uri: 'mysql://u:p@h'}\n") +
                  "admin: {listen: '" + address + "'}\n");
    EXPECT_THAT(texts(loaded.problems), IsEmpty());
    EXPECT_TRUE(loaded.config.admin.configured);
    EXPECT_EQ(loaded.config.admin.listen.text, address);
  }
}

TEST(Admin, HasADefaultThatTheFileDidNotSay) {
  for (const char* section :
       {"", "admin:\n", "admin: {}\n", "admin: {listen: null}\n", "admin: {listen: x}\n"}) {
    const Loaded loaded = load_yaml(std::string("databases: []\n") + section);
    EXPECT_FALSE(loaded.config.admin.configured);
    EXPECT_EQ(loaded.config.admin.listen,
              (base::ListenAddress{"127.0.0.1:9432", false, {}, "127.0.0.1", 9432}));
  }
}

}  // namespace
}  // namespace rolegate::config

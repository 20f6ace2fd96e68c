#include "config/difference.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "unit/config/make_database.hpp"

namespace rolegate::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::ResultOf;

std::string name_of(const DirectoryEntry& entry) { return entry.database->name; }
auto is_named(const std::string& name) { return ResultOf(name_of, name); }

Snapshot with_databases(std::initializer_list<std::string> names) {
  Snapshot snapshot;
  for (const std::string& name : names) snapshot = snapshot.with(make_database(name));
  return snapshot;
}

void expect_no_database(const Difference& difference) {
  EXPECT_THAT(difference.added, IsEmpty());
  EXPECT_THAT(difference.removed, IsEmpty());
  EXPECT_THAT(difference.changed, IsEmpty());
}

TEST(Difference, IsNothingBetweenASnapshotAndItself) {
  const Snapshot snapshot = with_databases({"orders"});
  const Difference found = difference(snapshot, snapshot);
  expect_no_database(found);
  EXPECT_FALSE(found.users || found.gateway || found.aws_database_iam_auth);
}

TEST(Difference, NamesWhatWasAddedAndRemovedByName) {
  const Snapshot before = with_databases({"orders", "sales", "billing"});
  const Snapshot after =
      before.without("sales").without("billing").with(make_database("z")).with(make_database("a"));
  const Difference found = difference(before, after);
  EXPECT_THAT(found.added, ElementsAre(is_named("a"), is_named("z")));
  EXPECT_THAT(found.removed, ElementsAre(is_named("billing"), is_named("sales")));
  EXPECT_THAT(found.changed, IsEmpty());
  EXPECT_FALSE(found.users || found.gateway || found.aws_database_iam_auth);
}

TEST(Difference, FindsTheOnesThatChangedAmongMany) {
  Snapshot before;
  for (int i = 0; i < 1000; ++i) before = before.with(make_database(fmt::format("db{}", i)));
  Snapshot after = before;
  for (const std::string name : {"db9", "db400"}) {
    Database changed = make_database(name);
    changed.uri.host = "elsewhere";
    after = after.with(std::move(changed));
  }
  const Difference found = difference(before, after);
  ASSERT_EQ(found.changed.size(), 2U);
  EXPECT_THAT(found.changed[0].after, is_named("db400"));
  EXPECT_EQ(found.changed[0].before, *before.databases.find("db400"));
  EXPECT_EQ(found.changed[0].after, *after.databases.find("db400"));
  EXPECT_THAT(found.changed[1].after, is_named("db9"));
  EXPECT_THAT(found.added, IsEmpty());
  EXPECT_THAT(found.removed, IsEmpty());
}

using Edit = std::function<void(Database&)>;

TEST(Difference, NoticesEachSettingOfADatabase) {
  const std::vector<std::pair<std::string, Edit>> edits{
      {"host", [](Database& database) { database.uri.host = "elsewhere"; }},
      {"port", [](Database& database) { database.uri.port = 5433; }},
      {"user", [](Database& database) { database.uri.user = "ann"; }},
      {"password", [](Database& database) { database.uri.password = base::Secret("other"); }},
      {"database", [](Database& database) { database.uri.database = "other"; }},
      {"sslmode", [](Database& database) { database.uri.ssl_mode = SslMode::verify_ca; }},
      {"sslrootcert", [](Database& database) { database.uri.ssl_root_cert = "ca.pem"; }},
      {"timeout", [](Database& database) { database.uri.connect_timeout = std::chrono::seconds(3); }},
      {"connect_to", [](Database& database) { database.uri.connect_to = HostPort{"127.0.0.1", 5}; }},
      {"aws_iam", [](Database& database) { database.aws_iam.reset(); }},
      {"region", [](Database& database) { database.aws_iam->region = "us-east-1"; }},
      {"role", [](Database& database) { database.aws_iam->role_arn = "arn:aws:iam::1:role/R"; }},
      {"listen", [](Database& database) { database.listen.emplace_back().port = 6000; }}};
  const Snapshot before = with_databases({"orders"});
  for (const auto& [what, edit] : edits) {
    Config config;
    edit(config.databases.emplace_back(make_database("orders")));
    const Difference found = difference(before, before.reloaded(std::move(config)));
    EXPECT_EQ(found.changed.size(), 1U) << what;
    EXPECT_THAT(found.added, IsEmpty()) << what;
    EXPECT_THAT(found.removed, IsEmpty()) << what;
  }
}

TEST(Difference, IsNothingWhenTheSameIsReadAnew) {
  Snapshot before = with_databases({"billing", "orders"});
  Config config;
  for (const std::string name : {"orders", "billing"}) {
    config.databases.push_back(make_database(name));
    config.databases.back().line = 99;
  }
  expect_no_database(difference(before, before.reloaded(std::move(config))));
}

TEST(Difference, TakesADatabaseThatComesBackForANewOne) {
  const Snapshot before = with_databases({"orders"});
  const Snapshot after = before.without("orders").with(make_database("orders"));
  const Difference found = difference(before, after);
  EXPECT_THAT(found.removed, ElementsAre(*before.databases.find("orders")));
  EXPECT_THAT(found.added, ElementsAre(*after.databases.find("orders")));
  EXPECT_THAT(found.changed, IsEmpty());
}

TEST(Difference, TakesADatabaseWithAnotherEngineForANewOne) {
  const Snapshot before = with_databases({"orders"});
  Database other = make_database("orders");
  other.uri.engine = Engine::redshift;
  const Difference found = difference(before, before.with(std::move(other)));
  EXPECT_THAT(found.removed, ElementsAre(is_named("orders")));
  EXPECT_THAT(found.added, ElementsAre(is_named("orders")));
  EXPECT_THAT(found.changed, IsEmpty());
}

Snapshot with_gateway(const std::function<void(Gateway&)>& edit) {
  Config config;
  edit(config.gateway.emplace());
  return Snapshot().reloaded(std::move(config));
}

TEST(Difference, NoticesEachWayInWhichUsersChange) {
  const auto ann = [](Gateway& gateway) { gateway.users.emplace_back().name = "ann"; };
  const std::vector<std::function<void(GatewayUser&)>> edits{
      [](GatewayUser& user) { user.name = "bob"; },
      [](GatewayUser& user) { user.scram.emplace().salt = "x"; },
      [](GatewayUser& user) { user.mysql_native.emplace(); },
      [](GatewayUser& user) { user.peer_uid = 1000; },
      [](GatewayUser& user) { user.client_cert_cn = "ann"; },
      [](GatewayUser& user) { user.all_databases = true; },
      [](GatewayUser& user) { user.databases = {"orders"}; },
      [](GatewayUser& user) { user.max_sessions = 1; },
      [](GatewayUser& user) { user.max_age = std::chrono::seconds(1); },
      [](GatewayUser& user) { user.addresses.push_back(*Network::parse("10.0.0.0/8")); }};
  for (const auto& edit : edits) {
    const Difference found = difference(with_gateway(ann), with_gateway([&](Gateway& gateway) {
                                          ann(gateway);
                                          edit(gateway.users.front());
                                        }));
    EXPECT_TRUE(found.users && found.gateway);
    expect_no_database(found);
  }
  EXPECT_FALSE(difference(with_gateway(ann), with_gateway(ann)).users);
  EXPECT_TRUE(difference(Snapshot(), with_gateway(ann)).users);
  EXPECT_TRUE(difference(with_gateway(ann), Snapshot()).users);
}

TEST(Difference, TellsOtherSettingsOfTheGatewayFromUsers) {
  const Difference found = difference(with_gateway([](Gateway&) {}),
                                      with_gateway([](Gateway& gateway) { gateway.login_rate = 1; }));
  EXPECT_TRUE(found.gateway);
  EXPECT_FALSE(found.users);
}

// Without a section its owner is let in; with a broken one nobody is.
TEST(Difference, CountsABreakingGatewayAsOtherUsers) {
  Config config;
  config.gateway_broken = true;
  const Difference found = difference(Snapshot(), Snapshot().reloaded(std::move(config)));
  EXPECT_TRUE(found.users && found.gateway);
}

TEST(Difference, NoticesTheFlag) {
  Config config;
  config.aws_database_iam_auth = true;
  const Difference found = difference(Snapshot(), Snapshot().reloaded(std::move(config)));
  EXPECT_TRUE(found.aws_database_iam_auth);
  EXPECT_FALSE(found.users || found.gateway);
}

}  // namespace
}  // namespace rolegate::config

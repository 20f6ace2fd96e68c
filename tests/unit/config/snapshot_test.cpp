#include "config/snapshot.hpp"

#include <initializer_list>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "unit/config/make_database.hpp"

namespace rolegate::config {
namespace {

using testing::ElementsAre;
using testing::IsNull;
using testing::NotNull;

Config configuration(std::initializer_list<std::string> names) {
  Config config;
  config.file = "rolegate.yaml";
  for (const std::string& name : names) config.databases.push_back(make_database(name));
  return config;
}

std::vector<std::string> names(const Snapshot& snapshot) {
  std::vector<std::string> out;
  for (const DirectoryEntry& entry : snapshot.databases.entries()) out.push_back(entry.database->name);
  return out;
}

Snapshot with_many(std::size_t count) {
  Config config;
  for (std::size_t i = 0; i < count; ++i) config.databases.push_back(make_database(fmt::format("db{}", i)));
  return Snapshot().reloaded(std::move(config));
}

TEST(Snapshot, HoldsWhatTheConfigurationSays) {
  Config config = configuration({"orders", "billing"});
  config.aws_database_iam_auth = true;
  config.broken = {"sales"};
  config.gateway.emplace().max_sessions = 7;
  const Snapshot snapshot = Snapshot().reloaded(std::move(config));
  EXPECT_EQ(snapshot.revision, 1U);
  EXPECT_EQ(snapshot.file, "rolegate.yaml");
  EXPECT_TRUE(snapshot.aws_database_iam_auth);
  EXPECT_THAT(names(snapshot), ElementsAre("billing", "orders"));
  ASSERT_THAT(snapshot.broken, NotNull());
  EXPECT_THAT(*snapshot.broken, ElementsAre("sales"));
  ASSERT_THAT(snapshot.gateway, NotNull());
  EXPECT_EQ(snapshot.gateway->max_sessions, 7U);
  EXPECT_FALSE(snapshot.gateway_broken);
}

TEST(Snapshot, FindsEachOfManyByName) {
  const Snapshot snapshot = with_many(1000);
  EXPECT_EQ(snapshot.databases.size(), 1000U);
  for (std::size_t i = 0; i < 1000; ++i) {
    const std::string name = fmt::format("db{}", i);
    const DirectoryEntry* const found = snapshot.databases.find(name);
    ASSERT_THAT(found, NotNull()) << name;
    EXPECT_EQ(found->database->name, name);
  }
  EXPECT_THAT(snapshot.databases.find("db1000"), IsNull());
  EXPECT_THAT(snapshot.databases.find(""), IsNull());
}

TEST(Snapshot, LeavesTheOneItFollowsFromAsItWas) {
  const Snapshot before = Snapshot().reloaded(configuration({"billing", "orders"}));
  Database changed = make_database("orders");
  changed.uri.host = "elsewhere";
  (void)before.with(std::move(changed));
  (void)before.with(make_database("sales"));
  (void)before.without("billing");
  (void)before.reloaded(configuration({}));
  EXPECT_EQ(before.revision, 1U);
  EXPECT_THAT(names(before), ElementsAre("billing", "orders"));
  EXPECT_NE(before.databases.find("orders")->database->uri.host, "elsewhere");
}

TEST(Snapshot, SharesEveryOtherDatabaseWithTheOneItFollowsFrom) {
  const Snapshot before = with_many(1000);
  Database changed = make_database("db500");
  changed.uri.host = "elsewhere";
  const Snapshot after = before.with(std::move(changed)).without("db600").with(make_database("new"));
  for (const DirectoryEntry& entry : after.databases.entries()) {
    if (entry.database->name == "db500" || entry.database->name == "new") continue;
    EXPECT_EQ(*before.databases.find(entry.database->name), entry) << entry.database->name;
  }
  EXPECT_EQ(after.databases.find("db500")->database->uri.host, "elsewhere");
  EXPECT_THAT(after.databases.find("db600"), IsNull());
}

TEST(Snapshot, CountsUpWithEachChange) {
  const Snapshot first = Snapshot().with(make_database("orders"));
  EXPECT_EQ(first.revision, 1U);
  EXPECT_EQ(first.with(make_database("orders")).revision, 2U);
  EXPECT_EQ(first.without("nobody").revision, 2U);
  EXPECT_EQ(first.reloaded(configuration({"orders"})).revision, 2U);
}

TEST(Snapshot, KeepsADatabaseThatIsOnlyAtAnotherLine) {
  const Snapshot before = Snapshot().reloaded(configuration({"orders"}));
  Config config = configuration({"orders"});
  config.databases.front().line = 40;
  config.databases.front().file = "other.yaml";
  const Snapshot after = before.reloaded(std::move(config));
  EXPECT_EQ(*before.databases.find("orders"), *after.databases.find("orders"));
}

TEST(Snapshot, TakesAwayWhatTheNewConfigurationHasNot) {
  const Snapshot before =
      Snapshot().reloaded(configuration({"billing", "orders"})).with(make_database("sales"));
  EXPECT_THAT(names(before.reloaded(configuration({"orders"}))), ElementsAre("orders"));
}

TEST(Snapshot, KeepsAGatewayThatIsTheSame) {
  Config config;
  config.gateway.emplace().users.emplace_back().name = "ann";
  const Snapshot before = Snapshot().reloaded(std::move(config));
  Config same;
  same.gateway.emplace().users.emplace_back().name = "ann";
  EXPECT_EQ(before.reloaded(std::move(same)).gateway, before.gateway);
  Config other;
  other.gateway.emplace().users.emplace_back().name = "bob";
  EXPECT_NE(before.reloaded(std::move(other)).gateway, before.gateway);
  EXPECT_THAT(before.reloaded(Config()).gateway, IsNull());
}

TEST(Snapshot, FindsUsersByTheirWholeNameInWhateverOrderTheyCome) {
  EXPECT_THAT(Snapshot().find_user("alice"), IsNull());
  Config config;
  config.gateway.emplace();
  for (const char* name : {"carol", "alice", "bob"}) config.gateway->users.emplace_back().name = name;
  const Snapshot snapshot = Snapshot().reloaded(std::move(config));
  for (const char* name : {"alice", "bob", "carol"}) {
    ASSERT_NE(snapshot.find_user(name), nullptr) << name;
    EXPECT_EQ(snapshot.find_user(name)->name, name);
  }
  for (const char* name : {"Bob", "al", "bobby", "dave", ""})
    EXPECT_THAT(snapshot.find_user(name), IsNull()) << name;
}

TEST(Snapshot, TakesABrokenDatabaseForMendedOnceItIsPutOrTakenAway) {
  Config config;
  config.broken = {"billing", "orders"};
  const Snapshot before = Snapshot().reloaded(std::move(config));
  EXPECT_THAT(*before.with(make_database("orders")).broken, ElementsAre("billing"));
  EXPECT_THAT(*before.without("billing").broken, ElementsAre("orders"));
  EXPECT_EQ(before.with(make_database("sales")).broken, before.broken);
  EXPECT_THAT(before.reloaded(Config()).broken, IsNull());
}

TEST(Snapshot, TakesADatabaseThatComesBackForANewOne) {
  const Snapshot before = Snapshot().with(make_database("orders"));
  const Snapshot after = before.without("orders").with(make_database("orders"));
  EXPECT_EQ(before.databases.find("orders")->since, 1U);
  EXPECT_EQ(after.databases.find("orders")->since, 3U);
  EXPECT_NE(before.databases.find("orders")->database, after.databases.find("orders")->database);
}

TEST(Snapshot, TakesADatabaseWithAnotherEngineForANewOne) {
  const Snapshot before = Snapshot().with(make_database("orders"));
  Database changed = make_database("orders");
  changed.uri.host = "elsewhere";
  const Snapshot moved = before.with(std::move(changed));
  EXPECT_EQ(moved.databases.find("orders")->since, 1U);
  Database other = make_database("orders");
  other.uri.engine = Engine::mysql;
  EXPECT_EQ(moved.with(std::move(other)).databases.find("orders")->since, 3U);
}

TEST(Snapshot, HoldsNothingOfDatabasesThatCameAndWent) {
  Snapshot snapshot;
  std::vector<std::weak_ptr<const Database>> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = fmt::format("db{}", i);
    snapshot = snapshot.with(make_database(name));
    seen.push_back(snapshot.databases.find(name)->database);
    snapshot = snapshot.without(name);
  }
  EXPECT_EQ(snapshot.databases.size(), 0U);
  EXPECT_TRUE(snapshot.databases.entries().empty());
  for (const auto& database : seen) EXPECT_TRUE(database.expired());
}

}  // namespace
}  // namespace rolegate::config

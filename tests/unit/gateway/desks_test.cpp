#include "gateway/desks.hpp"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "unit/config/make_database.hpp"

namespace rolegate::gateway {
namespace {

using config::Engine;

config::Database database(std::string name, Engine engine = Engine::postgresql) {
  config::Database made = config::make_database(std::move(name));
  made.uri.engine = engine;
  return made;
}

class DesksTest : public testing::Test {
 protected:
  void put(config::Database database) {
    const auto before = directory_.snapshot();
    ASSERT_TRUE(directory_.publish(
        before, std::make_shared<const config::Snapshot>(before->with(std::move(database)))));
  }
  void remove(const std::string& name) {
    const auto before = directory_.snapshot();
    const config::DatabasePtr gone = before->databases.find(name)->database;
    ASSERT_TRUE(directory_.publish(before, std::make_shared<const config::Snapshot>(before->without(name))));
    desks_.retire(*gone);
  }

  config::Directory directory_;
  Desks desks_{directory_};
};

TEST_F(DesksTest, AreMadeAtTheFirstUseAndStayAsLongAsTheirDatabaseIsServed) {
  put(database("orders"));
  EXPECT_EQ(desks_.size(), 0U);
  desks_.of(database("orders"))->stats.sessions = 7;
  EXPECT_EQ(desks_.size(), 1U);
  EXPECT_EQ(desks_.of(database("orders"))->stats.sessions, 7);
}

TEST_F(DesksTest, AreOnePerDatabaseAndEngine) {
  put(database("orders"));
  put(database("shop"));
  const auto orders = desks_.of(database("orders"));
  EXPECT_EQ(desks_.of(database("orders")), orders);
  EXPECT_NE(desks_.of(database("shop")), orders);
  EXPECT_NE(desks_.of(database("orders", Engine::redshift)), orders);
}

TEST_F(DesksTest, KeepTheirCountersWhenTheirDatabaseChanges) {
  put(database("orders"));
  desks_.of(database("orders"))->stats.bytes_to_client = 5;
  config::Database changed = database("orders");
  changed.uri.host = "elsewhere.example.com";
  put(std::move(changed));
  EXPECT_EQ(desks_.of(database("orders"))->stats.bytes_to_client, 5U);
}

TEST_F(DesksTest, GoWithTheLastOneWhoUsesThemWhenTheirDatabaseHasGone) {
  put(database("orders"));
  auto one = desks_.of(database("orders"));
  auto other = desks_.of(database("orders"));
  one->stats.login_ended({}, "connect_failed", "Nobody there.", {});
  remove("orders");
  ASSERT_EQ(desks_.counted().size(), 1U);
  EXPECT_FALSE(desks_.counted()[0].last_login) << "how that ended is nobody's concern any more";
  EXPECT_EQ(desks_.counted()[0].logins.at("connect_failed"), 1U);
  one.reset();
  EXPECT_EQ(desks_.size(), 1U);
  other.reset();
  EXPECT_EQ(desks_.size(), 0U);
}

TEST_F(DesksTest, AreNotKeptForADatabaseThatWasGoneBefore) {
  EXPECT_NE(desks_.of(database("orders")), nullptr) << "of a session that was let in just before";
  EXPECT_EQ(desks_.size(), 0U);
  put(database("orders"));
  EXPECT_NE(desks_.of(database("orders", Engine::mysql)), nullptr) << "the name has another engine now";
  EXPECT_EQ(desks_.size(), 0U);
}

/// Prometheus takes no series twice.
TEST_F(DesksTest, AreTheSameForADatabaseThatComesBackWhileSomebodyUsesThem) {
  put(database("orders"));
  auto used = desks_.of(database("orders"));
  remove("orders");
  put(database("orders"));
  EXPECT_EQ(desks_.of(database("orders")), used);
  used.reset();
  EXPECT_EQ(desks_.size(), 1U) << "it is served again";
}

TEST_F(DesksTest, CountByName) {
  put(database("shop"));
  put(database("orders"));
  for (const char* name : {"shop", "orders"}) EXPECT_NE(desks_.of(database(name)), nullptr);
  const auto counted = desks_.counted();
  ASSERT_EQ(counted.size(), 2U);
  EXPECT_EQ(counted[0].name, "orders");
  EXPECT_EQ(counted[1].name, "shop");
}

TEST_F(DesksTest, DoNotBecomeMoreWhenDatabasesComeAndGo) {
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "database-" + std::to_string(i);
    put(database(name));
    auto used = desks_.of(database(name));
    if (i % 2 == 0) used.reset();
    remove(name);
  }
  EXPECT_EQ(desks_.size(), 0U);
  EXPECT_TRUE(desks_.counted().empty());
}

TEST_F(DesksTest, AreUsedAndRetiredFromSeveralThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([this] {
      for (int n = 0; n < 2000; ++n) desks_.of(database("orders"))->stats.sessions.fetch_add(1);
    });
  }
  for (int n = 0; n < 500; ++n) {
    put(database("orders"));
    EXPECT_LE(desks_.counted().size(), 1U);
    remove("orders");
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(desks_.size(), 0U);
}

TEST(Desk, HasOneLineOfLoginsUntilItsLengthIsAnother) {
  Desk desk("orders", Engine::postgresql);
  const auto rate = desk.rate(100);
  EXPECT_EQ(desk.rate(100), rate);
  EXPECT_NE(desk.rate(50), rate);
}

}  // namespace
}  // namespace rolegate::gateway

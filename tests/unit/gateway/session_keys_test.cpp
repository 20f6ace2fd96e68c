#include <set>

#include <gtest/gtest.h>

#include "gateway/cancel_keys.hpp"
#include "gateway/mysql_connections.hpp"

namespace rolegate::gateway {
namespace {

/// Gives the same bytes twice before it goes on: what a generator may do once in a lifetime.
class Stuttering final : public base::Random {
 public:
  void fill(std::span<unsigned char> out) override {
    for (unsigned char& byte : out) byte = static_cast<unsigned char>(calls_ / 2 + 1);
    ++calls_;
  }

 private:
  int calls_ = 0;
};

CancelTarget target_of(std::uint32_t process_id, const std::string& address = "10.0.0.1") {
  return {address, 5432, {}, {process_id, "real"}};
}

TEST(CancelKeys, HaveTheServersOwnProcessIdAndASecretOfTheGateways) {
  CancelKeys keys;
  base::SystemRandom random;
  const auto key = keys.give_out(target_of(4573), 32, random);
  EXPECT_EQ(key.process_id, 4573U);
  EXPECT_EQ(key.secret.size(), 32U);
  ASSERT_TRUE(keys.find(key));
  EXPECT_EQ(keys.find(key)->key, (wire::pg::CancelKey{4573, "real"}));
  EXPECT_FALSE(keys.find({4573, "real"}));
}

TEST(CancelKeys, LeadNowhereUnlessAllOfThemIsRight) {
  CancelKeys keys;
  base::SystemRandom random;
  const auto key = keys.give_out(target_of(4573), 4, random);
  for (std::size_t i = 0; i < key.secret.size(); ++i) {
    auto wrong = key;
    wrong.secret[i] = static_cast<char>(wrong.secret[i] ^ 1);
    EXPECT_FALSE(keys.find(wrong));
  }
  EXPECT_FALSE(keys.find({key.process_id, key.secret.substr(0, 3)}));
  EXPECT_FALSE(keys.find({key.process_id, key.secret + '\0'}));
  EXPECT_FALSE(keys.find({key.process_id, ""}));
  EXPECT_FALSE(keys.find({key.process_id + 1, key.secret}));
  EXPECT_TRUE(keys.find(key));
  keys.close(key);
  EXPECT_FALSE(keys.find(key));
}

TEST(CancelKeys, TellServersWithTheSameProcessIdApart) {
  CancelKeys keys;
  Stuttering random;
  const auto first = keys.give_out(target_of(7, "10.0.0.1"), 4, random);
  const auto second = keys.give_out(target_of(7, "10.0.0.2"), 4, random);
  ASSERT_TRUE(keys.find(first) && keys.find(second));
  EXPECT_EQ(keys.find(first)->address, "10.0.0.1");
  EXPECT_EQ(keys.find(second)->address, "10.0.0.2");
  keys.close(first);
  EXPECT_FALSE(keys.find(first));
  EXPECT_TRUE(keys.find(second));
}

TEST(CancelKeys, AreKnownForAWhileWhenTheirSessionHasEnded) {
  CancelKeys keys;
  base::SystemRandom random;
  const auto first = keys.give_out(target_of(1), 4, random);
  EXPECT_FALSE(keys.has_ended(first)) << "not yet";
  keys.close(first);
  EXPECT_TRUE(keys.has_ended(first));
  auto wrong = first;
  wrong.secret[0] = static_cast<char>(wrong.secret[0] ^ 1);
  EXPECT_FALSE(keys.has_ended(wrong));
  keys.close(wrong);
  EXPECT_FALSE(keys.has_ended(wrong)) << "never given out";

  for (std::size_t i = 0; i < CancelKeys::kMostEnded; ++i) {
    ASSERT_TRUE(keys.has_ended(first)) << "after " << i;
    keys.close(keys.give_out(target_of(2000 + static_cast<std::uint32_t>(i)), 8, random));
  }
  EXPECT_FALSE(keys.has_ended(first)) << "there is a bound";
}

TEST(CancelKeys, HaveAMadeUpProcessIdWhereTheServerGivesNone) {
  CancelKeys keys;
  base::SystemRandom random;
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto key = keys.give_out(target_of(0), 4, random);
    EXPECT_NE(key.process_id, 0U);
    EXPECT_LT(key.process_id, 1U << 31);
    EXPECT_TRUE(keys.find(key));
    seen.insert(key.process_id);
  }
  EXPECT_GT(seen.size(), 990U);
}

TEST(MysqlConnections, GivesIdsOfItsOwnRangeAndNoneTwice) {
  MysqlConnections connections;
  base::SystemRandom random;
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::uint32_t id = connections.give_out(random);
    EXPECT_GE(id, 1U << 30);
    EXPECT_LT(id, 1U << 31);
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(MysqlConnections, AreKnownToTheirUserAndDatabaseAlone) {
  MysqlConnections connections;
  base::SystemRandom random;
  const std::uint32_t id = connections.give_out(random);
  const MysqlConnections::Connection alices{42, "shop", "alice", "10.0.0.1", 3306};
  EXPECT_FALSE(connections.find(id, alices));
  connections.open(id, alices);
  ASSERT_TRUE(connections.find(id, alices));
  EXPECT_EQ(connections.find(id, alices)->server_id, 42U);
  EXPECT_FALSE(connections.find(id, {43, "shop", "bob", "10.0.0.1", 3306}));
  EXPECT_FALSE(connections.find(42, alices));
  connections.close(id);
  EXPECT_FALSE(connections.find(id, alices));
}

TEST(MysqlConnections, KeepTheIdOfOneThatPauses) {
  MysqlConnections connections;
  Stuttering random;
  const std::uint32_t id = connections.give_out(random);
  const MysqlConnections::Connection alices{42, "shop", "alice", "10.0.0.1", 3306};
  connections.open(id, alices);
  connections.pause(id);
  EXPECT_FALSE(connections.find(id, alices));
  EXPECT_TRUE(connections.none_open());
  EXPECT_NE(connections.give_out(random), id) << "it is still given out";
}

TEST(MysqlConnections, HaveNoIdForConnectionsOfAnotherServer) {
  MysqlConnections connections;
  base::SystemRandom random;
  const std::uint32_t id = connections.give_out(random);
  connections.open(id, {42, "shop", "alice", "10.0.0.1", 3306});
  for (const MysqlConnections::Connection& by :
       {MysqlConnections::Connection{43, "orders", "alice", "10.0.0.1", 3306},
        MysqlConnections::Connection{43, "shop", "alice", "10.0.0.2", 3306},
        MysqlConnections::Connection{43, "shop", "alice", "10.0.0.1", 3307}}) {
    ASSERT_TRUE(connections.find(id, by));
    EXPECT_EQ(connections.find(id, by)->server_id, std::nullopt);
  }
}

TEST(MysqlConnections, TellAUserAloneWhatDatabasesItsConnectionsAreWith) {
  MysqlConnections connections;
  base::SystemRandom random;
  const std::uint32_t id = connections.give_out(random);
  EXPECT_EQ(connections.database_of(id, "alice"), "");
  connections.open(id, {42, "shop", "alice", {}, 0});
  connections.open(connections.give_out(random), {42, "orders", "alice", {}, 0});
  connections.open(connections.give_out(random), {43, "orders", "alice", {}, 0});
  connections.open(connections.give_out(random), {44, "stock", "bob", {}, 0});
  EXPECT_EQ(connections.database_of(id, "alice"), "shop");
  EXPECT_EQ(connections.database_of(id, "bob"), "");
  EXPECT_EQ(connections.databases_of("alice"), (std::set<std::string>{"orders", "shop"}));
  EXPECT_EQ(connections.databases_of("carol"), std::set<std::string>());
}

TEST(MysqlConnections, AreForgottenWhenTheyAreClosed) {
  MysqlConnections connections;
  base::SystemRandom random;
  std::vector<std::uint32_t> ids;
  for (const char* database : {"shop", "orders", "orders"}) {
    ids.push_back(connections.give_out(random));
    connections.open(ids.back(), {42, database, "alice", {}, 0});
  }
  const std::uint32_t greeted = connections.give_out(random);
  connections.close(ids[1]);
  connections.close(ids[1]);
  EXPECT_EQ(connections.databases_of("alice"), (std::set<std::string>{"orders", "shop"}));
  connections.close(ids[2]);
  EXPECT_EQ(connections.databases_of("alice"), std::set<std::string>{"shop"});
  EXPECT_FALSE(connections.none_open());
  connections.close(ids[0]);
  EXPECT_TRUE(connections.none_open()) << "one that is only greeted is not open";
  connections.open(greeted, {42, "shop", "alice", {}, 0});
  connections.pause(greeted);
  EXPECT_TRUE(connections.none_open());
  EXPECT_EQ(connections.databases_of("alice"), std::set<std::string>());
  connections.close(greeted);
}

}  // namespace
}  // namespace rolegate::gateway

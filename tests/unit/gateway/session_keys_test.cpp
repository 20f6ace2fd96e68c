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

TEST(CancelKeys, GivesNoKeyTwice) {
  CancelKeys keys;
  Stuttering random;
  const auto first = keys.give_out(random);
  const auto second = keys.give_out(random);
  EXPECT_FALSE(first == second);
  EXPECT_NE(first.process_id, 0U);
  EXPECT_LT(first.process_id, 1U << 31);
}

TEST(CancelKeys, LeadNowhereBeforeTheyAreOpenAndAfterTheyAreClosed) {
  CancelKeys keys;
  base::SystemRandom random;
  const auto key = keys.give_out(random);
  EXPECT_FALSE(keys.find(key));
  keys.open(key, {"10.0.0.1", 5432, {}, {7, 8}});
  ASSERT_TRUE(keys.find(key));
  EXPECT_EQ(keys.find(key)->address, "10.0.0.1");
  EXPECT_TRUE((keys.find(key)->key == wire::pg::CancelKey{7, 8}));
  EXPECT_FALSE(keys.find({key.process_id, key.secret + 1}));
  EXPECT_FALSE(keys.find({key.process_id + 1, key.secret}));
  EXPECT_FALSE(keys.find({7, 8}));
  keys.close(key);
  EXPECT_FALSE(keys.find(key));
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
  EXPECT_FALSE(connections.find(id, "shop", "alice"));
  connections.open(id, {42, "shop", "alice"});
  EXPECT_EQ(connections.find(id, "shop", "alice"), 42U);
  EXPECT_FALSE(connections.find(id, "shop", "bob"));
  EXPECT_FALSE(connections.find(id, "orders", "alice"));
  EXPECT_FALSE(connections.find(42, "shop", "alice"));
  connections.close(id);
  EXPECT_FALSE(connections.find(id, "shop", "alice"));
}

}  // namespace
}  // namespace rolegate::gateway

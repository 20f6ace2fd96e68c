#include "base/fair_queue.hpp"

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

using testing::ElementsAre;

/// Each item is called after its client: "a1" is one of a's.
FairQueue<std::string> queue_of(const std::vector<std::string>& items) {
  FairQueue<std::string> queue;
  for (const std::string& item : items) queue.push(item.substr(0, 1), item);
  return queue;
}

std::vector<std::string> all(FairQueue<std::string> queue) {
  std::vector<std::string> items;
  while (queue.size() > 0) {
    items.push_back(queue.front());
    EXPECT_EQ(queue.pop(), items.back());
  }
  return items;
}

TEST(FairQueue, LetsClientsTakeTurns) {
  EXPECT_THAT(all(queue_of({"a1", "a2", "a3", "b1", "c1", "b2"})),
              ElementsAre("a1", "b1", "c1", "a2", "b2", "a3"));
}

TEST(FairQueue, TakesTheLatestOfTheFullest) {
  auto queue = queue_of({"a1", "b1", "b2", "c1", "c2"});
  EXPECT_EQ(queue.pop_of_fullest("c"), "c2") << "the newcomer's among equals";
  EXPECT_EQ(queue.pop_of_fullest("a"), "b2");
  EXPECT_THAT(all(queue), ElementsAre("a1", "b1", "c1"));
}

TEST(FairQueue, CanBeLeftFromEverywhere) {
  const auto without = [](const std::string& item) {
    auto rest = queue_of({"a1", "a2", "a3", "b1"});
    rest.remove(item.substr(0, 1), item);
    return all(std::move(rest));
  };
  EXPECT_THAT(without("a1"), ElementsAre("a2", "b1", "a3"));
  EXPECT_THAT(without("a2"), ElementsAre("a1", "b1", "a3"));
  EXPECT_THAT(without("a3"), ElementsAre("a1", "b1", "a2"));
  EXPECT_THAT(without("b1"), ElementsAre("a1", "a2", "a3"));
}

TEST(FairQueue, KnowsHowManyGoBeforeANewcomer) {
  std::mt19937 random(42);
  for (int round = 0; round < 500; ++round) {
    FairQueue<std::string> queue;
    for (int i = 0; i < 20; ++i) {
      const std::string client(1, static_cast<char>('a' + random() % 4));
      if (random() % 4 == 0 && queue.size() > 0) {
        static_cast<void>(queue.pop());
      } else {
        queue.push(client, client);
      }
    }
    const std::string client(1, static_cast<char>('a' + random() % 5));
    const std::size_t ahead = queue.ahead_of(client);
    queue.push(client, "newcomer");
    std::size_t before = 0;
    while (queue.pop() != "newcomer") ++before;
    ASSERT_EQ(ahead, before);
  }
}

}  // namespace
}  // namespace rolegate::base

#include "gateway/waiting_room.hpp"

#include <list>
#include <set>

#include <gtest/gtest.h>

namespace rolegate::gateway {
namespace {

/// A room for `most`: as a worker lets connections in.
struct Room {
  explicit Room(std::size_t given) : most(given) {}
  WaitingRoom::Guest& let_in(const std::string& group) {
    if (room.size() >= most) {
      WaitingRoom::Guest* const gone = room.one_of_the_most();
      room.leave(*gone);
      left.insert(gone);
    }
    WaitingRoom::Guest& guest = guests.emplace_back();
    room.enter(guest, group);
    return guest;
  }
  [[nodiscard]] bool has(const WaitingRoom::Guest& guest) const {
    return !left.contains(const_cast<WaitingRoom::Guest*>(&guest));
  }
  std::size_t most;
  WaitingRoom room;
  std::list<WaitingRoom::Guest> guests;
  std::set<WaitingRoom::Guest*> left;
};

TEST(WaitingRoom, LetsAFloodDisplaceNobodyButItself) {
  Room room(100);
  for (int i = 0; i < 1000; ++i) room.let_in("192.0.2.1");
  const WaitingRoom::Guest& honest = room.let_in("192.0.2.2");
  for (int i = 0; i < 100000; ++i) room.let_in("192.0.2.1");
  EXPECT_TRUE(room.has(honest));
  EXPECT_EQ(room.room.size(), 100U);
}

TEST(WaitingRoom, TakesFromTheOneThatHasMostOfSeveral) {
  Room room(10);
  for (int i = 0; i < 3; ++i) room.let_in("a");
  for (int i = 0; i < 4; ++i) room.let_in("b");
  for (int i = 0; i < 3; ++i) room.let_in("c");
  const WaitingRoom::Guest* const first = room.room.one_of_the_most();
  auto guest = room.guests.begin();
  std::advance(guest, 3);
  std::set<const WaitingRoom::Guest*> of_b;
  for (int i = 0; i < 4; ++i) of_b.insert(&*guest++);
  EXPECT_TRUE(of_b.contains(first));
}

TEST(WaitingRoom, LeavesThoseOfTheSameAddressAChance) {
  Room room(100);
  for (int i = 0; i < 100; ++i) room.let_in("192.0.2.1");
  int stayed = 0;
  constexpr int kTries = 200;
  for (int i = 0; i < kTries; ++i) {
    WaitingRoom::Guest& honest = room.let_in("192.0.2.1");
    for (int j = 0; j < 100; ++j) room.let_in("192.0.2.1");  // until it is as old as the oldest would be
    if (room.has(honest)) ++stayed;
  }
  // One in e stays: 74 of 200, give or take 7.
  EXPECT_GT(stayed, 30);
  EXPECT_LT(stayed, 120);
}

TEST(WaitingRoom, TakesTheOldestWhereEverybodyHasOne) {
  Room room(3);
  const WaitingRoom::Guest& a = room.let_in("a");
  const WaitingRoom::Guest& b = room.let_in("b");
  room.let_in("c");
  room.let_in("d");
  EXPECT_FALSE(room.has(a));
  room.let_in("e");
  EXPECT_FALSE(room.has(b));
}

TEST(WaitingRoom, ForgetsWhoHasLeft) {
  WaitingRoom room;
  WaitingRoom::Guest one;
  WaitingRoom::Guest other;
  room.enter(one, "a");
  room.enter(other, "a");
  EXPECT_TRUE(room.leave(one));
  EXPECT_FALSE(room.leave(one));
  EXPECT_EQ(room.one_of_the_most(), &other);
  EXPECT_TRUE(room.leave(other));
  EXPECT_EQ(room.one_of_the_most(), nullptr);
  EXPECT_EQ(room.size(), 0U);
}

}  // namespace
}  // namespace rolegate::gateway

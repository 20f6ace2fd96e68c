#include "gateway/waiting_room.hpp"

#include <functional>
#include <list>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace rolegate::gateway {
namespace {

/// The same in every run.
class RepeatedRandom final : public base::Random {
 public:
  void fill(std::span<unsigned char> out) override {
    for (unsigned char& byte : out) byte = static_cast<unsigned char>(numbers_());
  }

 private:
  std::mt19937 numbers_{42};
};

/// A room for `most`: as a worker lets connections in.
struct Room {
  explicit Room(std::size_t given) : most(given) {}
  WaitingRoom::Guest& let_in(const std::string& group) {
    if (room.size() >= most) {
      WaitingRoom::Guest* const gone = room.one_of_the_most(random);
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
  /// How many of so many stay until as many others have come as the room is for.
  int stayed(int tries, const std::function<std::string()>& group) {
    int count = 0;
    for (int i = 0; i < tries; ++i) {
      const WaitingRoom::Guest& honest = let_in(group());
      for (std::size_t j = 0; j < most; ++j) let_in(group());
      if (has(honest)) ++count;
    }
    return count;
  }

  std::size_t most;
  RepeatedRandom random;
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
  const WaitingRoom::Guest* const first = room.room.one_of_the_most(room.random);
  auto guest = room.guests.begin();
  std::advance(guest, 3);
  std::set<const WaitingRoom::Guest*> of_b;
  for (int i = 0; i < 4; ++i) of_b.insert(&*guest++);
  EXPECT_TRUE(of_b.contains(first));
}

// One in e stays: 74 of 200, give or take 7.

TEST(WaitingRoom, LeavesThoseOfTheSameAddressAChance) {
  Room room(100);
  const auto same = [] { return "192.0.2.1"; };
  for (int i = 0; i < 100; ++i) room.let_in(same());
  const int stayed = room.stayed(200, same);
  EXPECT_GT(stayed, 50);
  EXPECT_LT(stayed, 100);
}

TEST(WaitingRoom, LeavesEverybodyAChanceWhereEverybodyHasOne) {
  Room room(100);
  int addresses = 0;
  const auto another = [&] { return std::to_string(++addresses); };
  for (int i = 0; i < 100; ++i) room.let_in(another());
  const int stayed = room.stayed(200, another);
  EXPECT_GT(stayed, 50);
  EXPECT_LT(stayed, 100);
}

TEST(WaitingRoom, HasWhoEntersTwiceOnce) {
  WaitingRoom room;
  RepeatedRandom random;
  WaitingRoom::Guest guest;
  room.enter(guest, "a");
  room.enter(guest, "a");
  EXPECT_EQ(room.size(), 1U);
  EXPECT_TRUE(room.leave(guest));
  EXPECT_EQ(room.one_of_the_most(random), nullptr);
}

TEST(WaitingRoom, ForgetsWhoHasLeft) {
  WaitingRoom room;
  RepeatedRandom random;
  WaitingRoom::Guest one;
  WaitingRoom::Guest other;
  room.enter(one, "a");
  room.enter(other, "a");
  EXPECT_TRUE(room.leave(one));
  EXPECT_FALSE(room.leave(one));
  EXPECT_EQ(room.one_of_the_most(random), &other);
  EXPECT_TRUE(room.leave(other));
  EXPECT_EQ(room.one_of_the_most(random), nullptr);
  EXPECT_EQ(room.size(), 0U);
}

}  // namespace
}  // namespace rolegate::gateway

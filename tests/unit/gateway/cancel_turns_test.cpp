#include "gateway/cancel_turns.hpp"

#include <string>

#include <gtest/gtest.h>

namespace rolegate::gateway {
namespace {

using std::chrono::milliseconds;
constexpr base::SteadyTime kNow{std::chrono::hours(1)};

TEST(CancelTurns, HaveOneOfASessionOnItsWay) {
  CancelTurns turns;
  EXPECT_EQ(turns.take("one", "192.0.2.1", kNow), milliseconds(0));
  EXPECT_FALSE(turns.take("one", "192.0.2.1", kNow));
  EXPECT_FALSE(turns.take("one", "192.0.2.2", kNow));
  EXPECT_EQ(turns.take("other", "192.0.2.1", kNow), milliseconds(0));
  turns.give_back("one");
  EXPECT_EQ(turns.take("one", "192.0.2.1", kNow), milliseconds(0));
}

TEST(CancelTurns, LetAnAddressHaveSoManyASecond) {
  CancelTurns turns;
  int session = 0;
  for (int i = 0; i < CancelTurns::kPerSecond; ++i) {
    EXPECT_EQ(turns.take(std::to_string(++session), "192.0.2.1", kNow), milliseconds(0));
  }
  EXPECT_GT(turns.take(std::to_string(++session), "192.0.2.1", kNow), milliseconds(0));
  EXPECT_EQ(turns.take(std::to_string(++session), "192.0.2.2", kNow), milliseconds(0));
  // The line is as long as patience; whoever finds it so is not in it.
  int waiting = 1;
  while (turns.take(std::to_string(++session), "192.0.2.1", kNow)) ++waiting;
  EXPECT_LE(waiting, CancelTurns::kPerSecond * CancelTurns::kPatience.count());
  EXPECT_EQ(turns.take(std::to_string(session), "192.0.2.2", kNow), milliseconds(0));
}

TEST(CancelTurns, CountIpv6AddressesByTheirNetwork) {
  CancelTurns turns;
  int session = 0;
  for (int i = 0; i < CancelTurns::kPerSecond; ++i)
    static_cast<void>(turns.take(std::to_string(++session), "2001:db8::1", kNow));
  EXPECT_GT(turns.take(std::to_string(++session), "2001:db8::2", kNow), milliseconds(0));
}

}  // namespace
}  // namespace rolegate::gateway

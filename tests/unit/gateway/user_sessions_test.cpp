#include "gateway/user_sessions.hpp"

#include <gtest/gtest.h>

namespace rolegate::gateway {
namespace {

TEST(UserSessions, GivesEachUserSoManyPlaces) {
  UserSessions sessions;
  auto first = sessions.take("alice", 2);
  const auto second = sessions.take("alice", 2);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(sessions.take("alice", 2));
  EXPECT_TRUE(sessions.take("bob", 1)) << "another's do not count";
  first.reset();
  EXPECT_TRUE(sessions.take("alice", 2)) << "given back";
}

TEST(UserSessions, CountsThoseThatWereTakenWithoutABound) {
  UserSessions sessions;
  const auto before = sessions.take("alice", 0);
  EXPECT_TRUE(before);
  EXPECT_FALSE(sessions.take("alice", 1)) << "a reload has set one";
}

TEST(UserSessions, KnowsAPlaceThatHasMoved) {
  UserSessions sessions;
  {
    auto place = sessions.take("alice", 1);
    const UserSessions::Place moved = std::move(*place);
    EXPECT_FALSE(sessions.take("alice", 1));
  }
  EXPECT_TRUE(sessions.take("alice", 1));
}

}  // namespace
}  // namespace rolegate::gateway

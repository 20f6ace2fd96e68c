#include "base/nearest.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

constexpr std::array<std::string_view, 4> kWords{"region", "role_arn", "external_id", "enabled"};

TEST(Nearest, FindsTheWordThatWasMeant) {
  EXPECT_EQ(nearest("regoin", kWords), "region");
  EXPECT_EQ(nearest("rolearn", kWords), "role_arn");
  EXPECT_EQ(nearest("externalid", kWords), "external_id");
  EXPECT_EQ(nearest("enable", kWords), "enabled");
  EXPECT_EQ(nearest("region", kWords), "region");
}

TEST(Nearest, PrefersWhatBeginsWithTheWord) {
  constexpr std::array<std::string_view, 4> kDatabases{
      "aurora_postgresql_same", "aurora_postgresql_cross_account", "aurora_postgresql_cross_account_2", "au"};
  EXPECT_EQ(nearest("aurora_postgresql_cross", kDatabases), "aurora_postgresql_cross_account");
  EXPECT_EQ(nearest("rol", kWords), "role_arn");
  EXPECT_EQ(nearest("re", kWords), "");  // too short to be the beginning of anything
}

TEST(Nearest, FindsNothingFarAway) {
  EXPECT_EQ(nearest("volume", kWords), "");
  EXPECT_EQ(nearest("x", kWords), "");
  EXPECT_EQ(nearest("", kWords), "");
  EXPECT_EQ(nearest("region", {}), "");
}

TEST(Nearest, DoesNotWorkOnLongWords) { EXPECT_EQ(nearest(std::string(101, 'r'), kWords), ""); }

TEST(Nearest, PrefersTheFirstOfEquals) {
  constexpr std::array<std::string_view, 2> kEquals{"aab", "aac"};
  EXPECT_EQ(nearest("aad", kEquals), "aab");
}

}  // namespace
}  // namespace rolegate::base

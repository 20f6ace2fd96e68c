#include "gateway/common_greeting.hpp"

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "unit/config/make_database.hpp"

namespace rolegate::gateway {
namespace {

CommonGreeting::Rank rank(std::uint64_t since, int line, std::string name) {
  config::Database database = config::make_database(std::move(name));
  database.line = line;
  return CommonGreeting::Rank({std::make_shared<const config::Database>(std::move(database)), since});
}

wire::mysql::Greeting greeting(std::string version, wire::mysql::Capabilities capabilities) {
  wire::mysql::Greeting made;
  made.server_version = std::move(version);
  made.capabilities = capabilities;
  return made;
}

TEST(CommonGreeting, IsNothingWhereNoneIsKnown) {
  CommonGreeting common;
  EXPECT_FALSE(common.value());
  common.put(rank(1, 1, "shop"), greeting("8.0.36", 1));
  common.erase(rank(1, 1, "shop"));
  EXPECT_FALSE(common.value());
}

TEST(CommonGreeting, HasTheCapabilitiesThatAllHave) {
  constexpr wire::mysql::Capabilities kUpper = wire::mysql::Capabilities{1} << 63;
  CommonGreeting common;
  common.put(rank(1, 1, "shop"), greeting("8.0.36", 0b1110 | kUpper));
  EXPECT_EQ(common.value()->capabilities, 0b1110 | kUpper);
  common.put(rank(1, 2, "stock"), greeting("8.0.36", 0b0111 | kUpper));
  common.put(rank(1, 3, "staff"), greeting("8.0.36", 0b0011));
  EXPECT_EQ(common.value()->capabilities, 0b0010U);
  common.erase(rank(1, 3, "staff"));
  EXPECT_EQ(common.value()->capabilities, 0b0110 | kUpper);
  common.put(rank(1, 2, "stock"), greeting("8.4.0", 0b1000));
  EXPECT_EQ(common.value()->capabilities, 0b1000U) << "it was replaced by another one";
}

TEST(CommonGreeting, HasTheVersionOfTheOneServedLongestAndOfThoseTheFirstOfTheFile) {
  CommonGreeting common;
  common.put(rank(2, 1, "later"), greeting("later", 1));
  EXPECT_EQ(common.value()->server_version, "later");
  common.put(rank(1, 30, "second"), greeting("second", 1));
  EXPECT_EQ(common.value()->server_version, "second");
  common.put(rank(1, 4, "zero"), greeting("first", 1));
  EXPECT_EQ(common.value()->server_version, "first");
  common.erase(rank(1, 4, "zero"));
  EXPECT_EQ(common.value()->server_version, "second");
}

}  // namespace
}  // namespace rolegate::gateway

#include "base/secret.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

static_assert(!std::is_copy_constructible_v<Secret> && !std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret> && std::is_nothrow_move_assignable_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string_view> &&
              !std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<std::string, Secret>, "a Secret is made on purpose");

TEST(Secret, HoldsTextUntilWiped) {
  Secret secret("hunter2");
  EXPECT_EQ(secret.reveal(), "hunter2");
  EXPECT_STREQ(secret.c_str(), "hunter2");
  EXPECT_EQ(secret.size(), 7u);
  secret.wipe();
  EXPECT_TRUE(secret.empty());
  EXPECT_STREQ(secret.c_str(), "");
}

TEST(Secret, HoldsBytesAfterANul) {
  const Secret secret(std::string_view("a\0b", 3));
  EXPECT_EQ(secret.size(), 3u);
  EXPECT_EQ(secret.reveal(), std::string_view("a\0b", 3));
}

TEST(Secret, MovesAndLeavesNothingBehind) {
  Secret first("hunter2");
  Secret second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is what is tested
  EXPECT_EQ(second.reveal(), "hunter2");
  Secret third("other");
  third = std::move(second);
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(third.reveal(), "hunter2");
  Secret& same = third;
  third = std::move(same);
  EXPECT_EQ(third.reveal(), "hunter2");
}

TEST(Secret, TakesAStringOverAndWipesIt) {
  std::string text = "a secret that is longer than any small string buffer";
  const char* const buffer = text.data();
  const Secret secret = Secret::take(std::move(text));
  EXPECT_EQ(secret.reveal(), "a secret that is longer than any small string buffer");
  EXPECT_TRUE(text.empty());  // NOLINT(bugprone-use-after-move)
  // The string keeps its buffer, so it may be looked at.
  ASSERT_EQ(text.data(), buffer);
  text.resize(text.capacity());
  EXPECT_EQ(text.find_first_not_of('\0'), std::string::npos);
}

TEST(Secret, ComparesWithText) {
  const Secret secret("hunter2");
  EXPECT_TRUE(secret.equals("hunter2"));
  EXPECT_FALSE(secret.equals("hunter3"));
  EXPECT_FALSE(secret.equals("hunter"));
  EXPECT_FALSE(secret.equals("hunter22"));
  EXPECT_FALSE(secret.equals(""));
  EXPECT_TRUE(Secret().equals(""));
  EXPECT_TRUE(Secret().equals({}));
}

TEST(Secret, CopiesOnlyWhenAsked) {
  const Secret secret("hunter2");
  EXPECT_EQ(secret.copy().reveal(), "hunter2");
}

TEST(Wipe, ReachesTheSpareCapacity) {
  std::string text = "hunter2 hunter2 hunter2 hunter2 hunter2";
  text.resize(3);
  wipe(text);
  EXPECT_TRUE(text.empty());
  text.resize(text.capacity());
  EXPECT_EQ(text.find_first_not_of('\0'), std::string::npos);
}

TEST(WipeAtEnd, WipesWhenTheScopeEnds) {
  std::string text = "hunter2";
  {
    const WipeAtEnd wipe_at_end(text);
  }
  EXPECT_TRUE(text.empty());
}

/// The compiler that built this, or nothing when the build folder does not say.
std::string compiler() {
  std::ifstream cache(std::string(ROLEGATE_BINARY_DIR) + "/CMakeCache.txt");
  const std::string key = "CMAKE_CXX_COMPILER:";
  for (std::string line; std::getline(cache, line);) {
    if (line.starts_with(key)) return line.substr(line.find('=') + 1);
  }
  return {};
}

bool compiles(const std::string& compiler, int use) {
  std::ostringstream command;
  command << '\'' << compiler << "' -std=c++23 -fsyntax-only -w -I'" << ROLEGATE_SOURCE_DIR
          << "/src' -DUSE=" << use << " '" << ROLEGATE_SOURCE_DIR
          << "/tests/unit/base/secret_compile_fail.cpp' 2>/dev/null";
  return std::system(command.str().c_str()) == 0;
}

TEST(Secret, DoesNotCompileWhenPrinted) {
  const std::string cxx = compiler();
  if (cxx.empty()) GTEST_SKIP() << "the build folder does not name its compiler";
  ASSERT_TRUE(compiles(cxx, 0)) << "the file must compile as long as nothing is printed";
  EXPECT_FALSE(compiles(cxx, 1)) << "std::ostream << Secret";
  EXPECT_FALSE(compiles(cxx, 2)) << "fmt::format(Secret)";
  EXPECT_FALSE(compiles(cxx, 3)) << "Log::info(Secret)";
  EXPECT_FALSE(compiles(cxx, 4)) << "copying a Secret";
  EXPECT_FALSE(compiles(cxx, 5)) << "std::string = Secret";
}

}  // namespace
}  // namespace rolegate::base

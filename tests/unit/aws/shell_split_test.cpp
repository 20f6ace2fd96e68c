#include "aws/credential_providers/shell_split.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolegate::aws {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ShellSplit, SplitsAsAShellDoes) {
  EXPECT_THAT(*shell_split("  a b\tc\n"), ElementsAre("a", "b", "c"));
  EXPECT_THAT(*shell_split(R"(a 'b c' "d e")"), ElementsAre("a", "b c", "d e"));
  EXPECT_THAT(*shell_split(R"(a'b'"c"d)"), ElementsAre("abcd"));
  EXPECT_THAT(*shell_split(R"('' "")"), ElementsAre("", ""));
  EXPECT_THAT(*shell_split(R"(a\ b \\ \")"), ElementsAre("a b", "\\", "\""));
  EXPECT_THAT(*shell_split(R"("\"\\\n$x")"), ElementsAre("\"\\\\n$x"));
  EXPECT_THAT(*shell_split(R"('\')"), ElementsAre("\\"));
  EXPECT_THAT(*shell_split("a # b"), ElementsAre("a", "#", "b"));
  EXPECT_THAT(*shell_split(" "), IsEmpty());
}

TEST(ShellSplit, RefusesWhatIsNotClosed) {
  EXPECT_FALSE(shell_split("a 'b"));
  EXPECT_FALSE(shell_split("a \"b\\\""));
  EXPECT_FALSE(shell_split("a\\"));
}

}  // namespace
}  // namespace rolegate::aws

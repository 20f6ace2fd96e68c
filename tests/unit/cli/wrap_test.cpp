#include "cli/wrap.hpp"

#include <gtest/gtest.h>

namespace rolegate::cli {
namespace {

constexpr Style kSixty{.terminal = true, .columns = 60};

TEST(Wrapped, LeavesTextAloneWhereThereIsNoTerminal) {
  const std::string text = std::string(80, 'x') + " " + std::string(80, 'y');
  EXPECT_EQ(wrapped(text, 4, Style{}), text);
}

TEST(Wrapped, BreaksLongLinesAtBlanks) {
  const std::string thirty(30, 'x');
  EXPECT_EQ(wrapped(thirty + " abc " + thirty + " def", 4, kSixty), thirty + " abc\n    " + thirty + " def");
}

TEST(Wrapped, FillsALineToItsLastColumn) {
  const std::string thirty(30, 'x');
  const std::string fits(60 - 4 - 30 - 1, 'y');
  EXPECT_EQ(wrapped(thirty + " " + fits + " z", 4, kSixty), thirty + " " + fits + "\n    z");
  EXPECT_EQ(wrapped(thirty + " " + fits + "y z", 4, kSixty), thirty + "\n    " + fits + "y z");
}

TEST(Wrapped, NeverBreaksAWord) {
  const std::string arn(100, 'a');
  EXPECT_EQ(wrapped("see " + arn + " there", 2, kSixty), "see\n  " + arn + "\n  there");
}

TEST(Wrapped, KeepsLinesThatFitAsTheyAre) {
  EXPECT_EQ(wrapped("LINE 1: SELECT nope\n               ^", 2, kSixty),
            "LINE 1: SELECT nope\n                 ^");
}

TEST(Wrapped, KeepsListsAndTablesIndented) {
  const std::string thirty(30, 'x');
  EXPECT_EQ(wrapped("  - " + thirty + " " + thirty, 2, kSixty), "  - " + thirty + "\n      " + thirty);
  EXPECT_EQ(wrapped("2. " + thirty + " " + thirty, 0, kSixty), "2. " + thirty + "\n   " + thirty);
  EXPECT_EQ(wrapped("    " + thirty + " " + thirty, 0, kSixty), "    " + thirty + "\n    " + thirty);
  EXPECT_EQ(wrapped("  --json    " + thirty + " " + thirty, 0, kSixty),
            "  --json    " + thirty + "\n            " + thirty);
}

TEST(Wrapped, DoesNotTryInATinyTerminal) {
  const std::string text = std::string(30, 'x') + " " + std::string(30, 'y');
  EXPECT_EQ(wrapped(text, 4, Style{.terminal = true, .columns = 20}), text);
}

TEST(Wrapped, EscapesTextFromOutside) { EXPECT_EQ(wrapped("\x1b[2J", 2, kSixty), "\\x1b[2J"); }

}  // namespace
}  // namespace rolegate::cli

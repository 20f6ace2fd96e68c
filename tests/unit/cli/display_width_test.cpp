#include "cli/display_width.hpp"

#include <gtest/gtest.h>

namespace rolegate::cli {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("Grüße"), 5u);
  EXPECT_EQ(display_width("世界"), 4u);
  EXPECT_EQ(display_width("e\xCC\x81"), 1u) << "e and a combining acute accent";
  EXPECT_EQ(display_width("👍"), 2u);
}

}  // namespace
}  // namespace rolegate::cli

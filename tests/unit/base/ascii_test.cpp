#include "base/ascii.hpp"

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

TEST(LowerCase, ChangesLettersOfAsciiAlone) {
  EXPECT_EQ(lower_case("AZ az 09 @[`{"), "az az 09 @[`{");
  EXPECT_EQ(lower_case("\xC3\x84 \xC1\xDA"), "\xC3\x84 \xC1\xDA");
  EXPECT_EQ(lower_case(""), "");
}

TEST(EqualsIgnoringCase, ComparesWholeTexts) {
  EXPECT_TRUE(equals_ignoring_case("Content-Type", "content-tYPE"));
  EXPECT_FALSE(equals_ignoring_case("true", "TRUEST"));
  EXPECT_FALSE(equals_ignoring_case("true", "TRUS"));
  EXPECT_FALSE(equals_ignoring_case("[", "{")) << "which differ from each other as letters' cases do";
}

}  // namespace
}  // namespace rolegate::base

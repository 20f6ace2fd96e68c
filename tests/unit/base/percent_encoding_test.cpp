#include "base/percent_encoding.hpp"

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

TEST(PercentEncode, LeavesUnreservedCharacters) {
  const std::string unreserved = "ABCXYZabcxyz0189-._~";
  EXPECT_EQ(percent_encode(unreserved), unreserved);
}

TEST(PercentEncode, EncodesEverythingElseInUpperCase) {
  EXPECT_EQ(percent_encode("a b+c/d@e%f"), "a%20b%2Bc%2Fd%40e%25f");
  EXPECT_EQ(percent_encode("!*'();:&=$,?#[]\"\\"), "%21%2A%27%28%29%3B%3A%26%3D%24%2C%3F%23%5B%5D%22%5C");
  EXPECT_EQ(percent_encode("\u00e4\u20ac"), "%C3%A4%E2%82%AC");
  EXPECT_EQ(percent_encode(std::string_view("\0\n\x7F\xFF", 4)), "%00%0A%7F%FF");
}

TEST(PercentEncode, AppendsToWhatIsThere) {
  std::string out = "DBUser=";
  percent_encode_to(out, "a b");
  EXPECT_EQ(out, "DBUser=a%20b");
}

TEST(PercentDecode, DecodesEitherCase) {
  EXPECT_EQ(percent_decode("%2f%2F%e2%82%ac"), "//\u20ac");
  EXPECT_EQ(percent_decode(""), "");
}

TEST(PercentDecode, KeepsPlus) { EXPECT_EQ(percent_decode("a+b"), "a+b"); }

TEST(PercentDecode, RefusesAPercentWithoutTwoDigits) {
  for (const char* text : {"%", "%2", "a%", "%2g", "%g2", "%%20", "% 20", "%+1", "%-1", "%0x"}) {
    EXPECT_FALSE(percent_decode(text)) << text;
  }
}

TEST(PercentDecode, UndoesEncodingForEveryByte) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

}  // namespace
}  // namespace rolegate::base

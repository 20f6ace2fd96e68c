#include "base/saslprep.hpp"

#include <string>

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

std::string prepared(std::string_view password) { return std::string(saslprep(password).reveal()); }

TEST(Saslprep, LeavesAsciiAlone) {
  for (const std::string_view text : {"", "pencil", "a b", "\x01\x7f"}) EXPECT_EQ(prepared(text), text);
}

TEST(Saslprep, MakesOneOfWhatLooksTheSame) {
  EXPECT_EQ(prepared("e\u0301"), "\u00e9");                 // é of two characters
  EXPECT_EQ(prepared("a\u00a0b"), "a b");                   // NO-BREAK SPACE
  EXPECT_EQ(prepared("a\u3000b"), "a b");                   // IDEOGRAPHIC SPACE
  EXPECT_EQ(prepared("\uff50\uff41\uff53\uff53"), "pass");  // full-width letters
  EXPECT_EQ(prepared("\u00aa\u2168"), "aIX");               // RFC 4013, chapter 3
  EXPECT_EQ(prepared("I\u00adX"), "IX");                    // likewise: SOFT HYPHEN
  EXPECT_EQ(prepared("\u0627\u0628"), "\u0627\u0628");      // right to left throughout
  EXPECT_EQ(prepared("\ufdfa").size(), 33U);                // the longest of them
  EXPECT_EQ(prepared("李雷 \U0001F511"),
            "李雷 \U0001F511");  // a character younger than Unicode 3.2: as it is
}

TEST(Saslprep, LeavesAloneWhatItDoesNotAllow) {
  using namespace std::string_literals;
  for (const std::string& text : {
           "\xe9t\xe9"s,          // Latin-1
           "e\u0301\xff"s,        // half of it
           "e\u0301\u0007"s,      // a control character
           "e\u0301\u200e"s,      // LEFT-TO-RIGHT MARK
           "\u0627e\u0301"s,      // both directions
           "\u0627\uff11"s,       // RFC 4013, chapter 3: ends otherwise than it begins
           "e\u0301\U0001F511"s,  // not in Unicode 3.2
           "e\u0301\u0340"s,      // prohibited, though what becomes of it is not
           "\u00ad"s,             // nothing would be left
           "e\u0301\0e\u0301"s,   // no password of PostgreSQL's
       }) {
    EXPECT_EQ(prepared(text), text);
  }
}

}  // namespace
}  // namespace rolegate::base

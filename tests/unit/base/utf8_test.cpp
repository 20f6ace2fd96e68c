#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

TEST(Utf8, TakesTheFirstAndLastCharacterOfEachLength) {
  for (const std::string_view text :
       {std::string_view("\0", 1), std::string_view("\x7F"), std::string_view("\xC2\x80"),
        std::string_view("\xDF\xBF"), std::string_view("\xE0\xA0\x80"), std::string_view("\xEF\xBF\xBF"),
        std::string_view("\xF0\x90\x80\x80"), std::string_view("\xF4\x8F\xBF\xBF"),
        std::string_view("\xED\x9F\xBF"), std::string_view("\xEE\x80\x80"), std::string_view("")}) {
    EXPECT_TRUE(is_utf8(text));
  }
}

TEST(Utf8, RefusesWhatRfc3629Refuses) {
  for (const char* text : {"\x80",
                           "\xBF",
                           "\xC0\x80",
                           "\xC1\xBF",
                           "\xE0\x80\x80",
                           "\xE0\x9F\xBF",
                           "\xF0\x80\x80\x80",
                           "\xF0\x8F\xBF\xBF",
                           "\xED\xA0\x80",
                           "\xED\xBF\xBF",
                           "\xF4\x90\x80\x80",
                           "\xF5\x80\x80\x80",
                           "\xFE",
                           "\xFF",
                           "\xC2",
                           "\xC2\x41",
                           "\xE2\x82",
                           "\xE2\x82\x41",
                           "\xF0\x90\x80",
                           "\xF0\x90\x80\x41",
                           "a\xC3(",
                           "\xC3\xA4\x80"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

TEST(ControlCharacters, AreFound) {
  for (const std::string_view text :
       {std::string_view("\0", 1), std::string_view("a\tb"), std::string_view("a\n"),
        std::string_view("\x1F"), std::string_view("\x7F"), std::string_view("\xC2\x80"),
        std::string_view("\xC2\x9F")}) {
    EXPECT_TRUE(has_control_characters(text));
  }
}

TEST(ControlCharacters, AreNotFoundInText) {
  for (const char* text : {"", " ~", "\xC2\xA0", "\xC3\x80", "\xE2\x80\x80", "\xF0\x9F\x98\x80"}) {
    EXPECT_FALSE(has_control_characters(text)) << text;
  }
}

}  // namespace
}  // namespace rolegate::base

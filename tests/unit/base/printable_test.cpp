#include "base/printable.hpp"

#include <gtest/gtest.h>

#include "base/utf8.hpp"

namespace rolegate::base {
namespace {

TEST(Printable, LeavesTextAlone) {
  EXPECT_EQ(printable("Grüße, 世界 👍"), "Grüße, 世界 👍");
  EXPECT_EQ(printable(""), "");
}

TEST(Printable, EscapesWhatMovesTheCursorOrReordersText) {
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(printable("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(printable("\x7f"), "\\x7f");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "\\x9b31m")
      << "the one-character CSI of C1";
  EXPECT_EQ(printable("\xE2\x80\xAE"
                      "gpj.exe"),
            "\\u202egpj.exe");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Printable, EscapesBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("a\xFF"
                      "b"),
            "a\\xffb");
  EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82") << "cut short";
  EXPECT_EQ(printable("\xC0\xAF"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
}

TEST(Printable, KeepsLinesOfMessages) { EXPECT_EQ(printable_lines("a\n\tb\x1b"), "a\n\tb\\x1b"); }

TEST(Printable, KeepsJsonTheSameJson) {
  EXPECT_EQ(printable_json("{\"a\": \"x\x7f\xC2\x9B\xE2\x80\xAE\xE2\x80\xA8ü\"}"),
            R"({"a": "x\u007f\u009b\u202e\u2028ü"})");
}

TEST(Quotable, KeepsToOneVisibleLineOfThatLength) {
  EXPECT_EQ(quotable("a\nb\x1b[1m\x7f"), "a b [1m ");
  EXPECT_EQ(quotable("grün", 3), "gr");
  EXPECT_EQ(quotable("grün", 4), "grü");
  EXPECT_EQ(quotable("grün\xFF\xFE"), "grün??");
  EXPECT_EQ(quotable("x\xC2\x9Bm"), "x m") << "a C1 control character";
  EXPECT_EQ(quotable(std::string(300, 'x')).size(), 200u);
}

TEST(ServerText, IsOneLineWithoutControlCharacters) {
  EXPECT_EQ(server_text("FATAL:  no\n\tsuch \x1b[31mrole\r\n"), "FATAL:  no such [31mrole");
  EXPECT_EQ(server_text("\xC2\x9B"
                        "31m"),
            "31m");
}

TEST(ServerText, IsValidUtf8WhateverCame) {
  EXPECT_EQ(server_text("Passwort für »jörg« falsch"), "Passwort für »jörg« falsch");
  EXPECT_EQ(server_text("caf\xE9 \xFF"), "caf? ?");
  for (int lead = 0x80; lead < 0x100; ++lead) {
    EXPECT_TRUE(is_utf8(server_text(std::string(7, static_cast<char>(lead)))));
    EXPECT_TRUE(is_utf8(server_text(std::string(1, static_cast<char>(lead)))));
  }
}

TEST(ServerText, IsShort) {
  EXPECT_EQ(server_text(std::string(1000, 'x')), std::string(300, 'x') + "…");
  std::string umlauts;
  for (int i = 0; i < 500; ++i) umlauts += "ü";
  EXPECT_LE(server_text(umlauts).size(), 303U);
  EXPECT_TRUE(is_utf8(server_text("x" + umlauts)));
}

}  // namespace
}  // namespace rolegate::base

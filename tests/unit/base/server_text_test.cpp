#include "base/server_text.hpp"

#include <gtest/gtest.h>

#include "base/utf8.hpp"

namespace rolegate::base {
namespace {

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
    EXPECT_TRUE(base::is_utf8(server_text(std::string(7, static_cast<char>(lead)))));
    EXPECT_TRUE(base::is_utf8(server_text(std::string(1, static_cast<char>(lead)))));
  }
}

TEST(ServerText, IsShort) {
  EXPECT_EQ(server_text(std::string(1000, 'x')), std::string(300, 'x') + "…");
  std::string umlauts;
  for (int i = 0; i < 500; ++i) umlauts += "ü";
  EXPECT_LE(server_text(umlauts).size(), 303U);
  EXPECT_TRUE(base::is_utf8(server_text("x" + umlauts)));
}

}  // namespace
}  // namespace rolegate::base

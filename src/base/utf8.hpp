#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rolegate::base {

/// Valid UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);
/// Holds a C0 or C1 control character or DEL: what no name, host or user of this program may hold.
[[nodiscard]] bool has_control_characters(std::string_view text);

struct Utf8Character {
  char32_t code = 0;       ///< of a byte that begins no valid character: its value
  std::size_t length = 0;  ///< in bytes
  bool valid = false;
};
/// What a text begins with that is not empty. A byte that begins no valid character stands alone.
[[nodiscard]] Utf8Character first_character(std::string_view text);

/// C0, C1 or DEL.
[[nodiscard]] constexpr bool is_control(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

/// Valid UTF-8: U+FFFD stands for each byte that is none.
[[nodiscard]] std::string repaired_utf8(std::string_view text);

}  // namespace rolegate::base

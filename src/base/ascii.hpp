#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace rolegate::base {

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
[[nodiscard]] constexpr bool is_alphanumeric(char c) { return is_digit(c) || is_letter(c); }

/// In lower case when it is a letter of ASCII. Locales do not matter, and no byte of UTF-8 beyond ASCII
/// changes.
[[nodiscard]] constexpr char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] inline std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower_case(c);
  return out;
}

[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b,
                            [](char left, char right) { return lower_case(left) == lower_case(right); });
}

}  // namespace rolegate::base

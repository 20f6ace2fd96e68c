#include "base/printable.hpp"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rolegate::base {
namespace {

/// Bidirectional embeddings, overrides and isolates, and the line and paragraph separators.
bool reorders_text(char32_t c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F ||
         c == 0x061C || c == 0x2028 || c == 0x2029;
}

bool is_plain_ascii(char c) { return c >= 0x20 && c < 0x7F; }

std::string escaped(std::string_view text, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto plain = std::ranges::find_if_not(text, is_plain_ascii);
    out.append(text.begin(), plain);
    text.remove_prefix(static_cast<std::size_t>(plain - text.begin()));
    if (text.empty()) break;
    const Utf8Character c = first_character(text);
    if (!c.valid) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned>(c.code));
    } else if (keep_lines && (c.code == '\n' || c.code == '\t')) {
      out.push_back(static_cast<char>(c.code));
    } else if (c.code == '\n') {
      out += "\\n";
    } else if (c.code == '\r') {
      out += "\\r";
    } else if (c.code == '\t') {
      out += "\\t";
    } else if (is_control(c.code)) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned>(c.code));
    } else if (reorders_text(c.code)) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c.code));
    } else {
      out.append(text.substr(0, c.length));
    }
    text.remove_prefix(c.length);
  }
  return out;
}

}  // namespace

std::string printable(std::string_view text) { return escaped(text, false); }
std::string printable_lines(std::string_view text) { return escaped(text, true); }

std::string printable_json(std::string_view json) {
  std::string out;
  // Without growing, which would leave copies behind, as long as there is nothing to escape.
  out.reserve(json.size());
  while (!json.empty()) {
    const auto ascii = std::ranges::find_if_not(json, [](char c) { return c >= 0 && c < 0x7F; });
    out.append(json.begin(), ascii);
    json.remove_prefix(static_cast<std::size_t>(ascii - json.begin()));
    if (json.empty()) break;
    const Utf8Character c = first_character(json);
    if (is_control(c.code) || reorders_text(c.code)) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c.code));
    } else {
      out.append(json.substr(0, c.length));
    }
    json.remove_prefix(c.length);
  }
  return out;
}

std::string quotable(std::string_view text, std::size_t longest) {
  std::string out;
  while (!text.empty()) {
    const Utf8Character c = first_character(text);
    if (out.size() + c.length > longest) break;
    if (!c.valid) {
      out.push_back('?');
    } else if (is_control(c.code)) {
      out.push_back(' ');
    } else {
      out.append(text.substr(0, c.length));
    }
    text.remove_prefix(c.length);
  }
  return out;
}

std::string server_text(std::string_view text) {
  constexpr std::size_t kLongest = 300;
  std::string out;
  while (!text.empty()) {
    const Utf8Character c = first_character(text);
    if (out.size() + c.length > kLongest) {
      out += "…";
      break;
    }
    if (!c.valid) {
      out.push_back('?');
    } else if (!is_control(c.code)) {
      out.append(text.substr(0, c.length));
    } else if (!out.empty() && out.back() != ' ') {
      out.push_back(' ');
    }
    text.remove_prefix(c.length);
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace rolegate::base

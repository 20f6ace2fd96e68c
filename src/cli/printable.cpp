#include "cli/printable.hpp"

#include <algorithm>
#include <clocale>
#include <cwchar>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rolegate::cli {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t length = 0;  ///< in bytes
  bool valid = false;
};

Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (text.size() < length || !base::is_utf8(text.substr(0, length))) return {lead, 1, false};
  char32_t code = lead & (0x7Fu >> length);
  for (const char c : text.substr(1, length - 1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3Fu);
  return {code, length, true};
}

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
    const Character c = first_character(text);
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
    } else if (c.code < 0x20 || (c.code >= 0x7F && c.code < 0xA0)) {
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

/// wcwidth() answers for the locale of the thread; C.UTF-8 is there on every glibc, whatever the user's is.
class Utf8Locale {
 public:
  Utf8Locale() : locale_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{})) {
    if (locale_ != locale_t{}) previous_ = ::uselocale(locale_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale() {
    if (locale_ == locale_t{}) return;
    ::uselocale(previous_);
    ::freelocale(locale_);
  }

 private:
  locale_t locale_;
  locale_t previous_{};
};

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
    const Character c = first_character(json);
    if (c.code < 0xA0 || reorders_text(c.code)) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c.code));
    } else {
      out.append(json.substr(0, c.length));
    }
    json.remove_prefix(c.length);
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return text.size();
  const Utf8Locale locale;
  std::size_t width = 0;
  while (!text.empty()) {
    const Character c = first_character(text);
    const int columns = ::wcwidth(static_cast<wchar_t>(c.code));
    width += columns < 0 ? 1 : static_cast<std::size_t>(columns);
    text.remove_prefix(c.length);
  }
  return width;
}

}  // namespace rolegate::cli

#include "cli/display_width.hpp"

#include <algorithm>
#include <clocale>
#include <cwchar>

#include "base/utf8.hpp"

namespace rolegate::cli {
namespace {

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

std::size_t display_width(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    return text.size();
  const Utf8Locale locale;
  std::size_t width = 0;
  while (!text.empty()) {
    const base::Utf8Character c = base::first_character(text);
    const int columns = ::wcwidth(static_cast<wchar_t>(c.code));
    width += columns < 0 ? 1 : static_cast<std::size_t>(columns);
    text.remove_prefix(c.length);
  }
  return width;
}

}  // namespace rolegate::cli

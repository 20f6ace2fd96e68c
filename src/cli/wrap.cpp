#include "cli/wrap.hpp"

#include <algorithm>

#include "cli/printable.hpp"

namespace rolegate::cli {
namespace {

/// Longer lines are hard to read, however wide the terminal is; in a narrower one wrapping only makes it
/// worse.
constexpr std::size_t kWidest = 110;
constexpr std::size_t kNarrowest = 50;

void append_broken(std::string& out, std::string_view line, std::size_t room, const std::string& margin) {
  std::size_t used = 0;
  while (!line.empty()) {
    const std::string_view word = line.substr(0, line.find(' '));
    const std::size_t width = display_width(word);
    if (used > 0 && used + 1 + width > room) {
      out += "\n" + margin;
      used = 0;
    } else if (used > 0) {
      out.push_back(' ');
      ++used;
    }
    out += word;
    used += width;
    line.remove_prefix(std::min(word.size() + 1, line.size()));
  }
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, const Style& style) {
  const std::string margin(indent, ' ');
  const std::size_t width = std::min(style.columns, kWidest);
  const std::string safe = printable_lines(text);
  std::string out;
  for (std::size_t start = 0; start <= safe.size();) {
    const std::size_t end = std::min(safe.find('\n', start), safe.size());
    const std::string_view line = std::string_view(safe).substr(start, end - start);
    if (start > 0) out += "\n" + margin;
    if (width < kNarrowest || indent + display_width(line) <= width) {
      out += line;
    } else {
      append_broken(out, line, width - indent, margin);
    }
    start = end + 1;
  }
  return out;
}

}  // namespace rolegate::cli

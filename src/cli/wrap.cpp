#include "cli/wrap.hpp"

#include <algorithm>

#include "base/printable.hpp"
#include "cli/display_width.hpp"

namespace rolegate::cli {
namespace {

/// Longer lines are hard to read, however wide the terminal is; in a narrower one wrapping only makes it
/// worse.
constexpr std::size_t kWidest = 110;
constexpr std::size_t kNarrowest = 50;

/// Where the text of a line begins for the lines that it is broken into: after its blanks, after a list's
/// mark
/// ("- ", "* ", "2. "), or in the second column of a table such as "  --json    what it does".
std::size_t hanging(std::string_view line) {
  const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
  if (const std::size_t gap = line.find("  ", begin); gap != std::string_view::npos)
    return std::min(line.find_first_not_of(' ', gap), line.size());
  const std::string_view text = line.substr(begin);
  if (text.starts_with("- ") || text.starts_with("* ")) return begin + 2;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  return digits > 0 && text.substr(digits).starts_with(". ") ? begin + digits + 2 : begin;
}

void append_broken(std::string& out, std::string_view line, std::size_t room, std::string margin) {
  std::size_t head = hanging(line);
  if (2 * head > room) head = 0;  // next to nothing would be left of the room
  out += line.substr(0, head);
  margin.append(head, ' ');
  room -= head;
  line.remove_prefix(head);
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
  const std::string safe = base::printable_lines(text);
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

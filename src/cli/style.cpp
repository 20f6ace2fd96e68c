#include "cli/style.hpp"

#include <algorithm>
#include <string>

#include <sys/ioctl.h>
#include <unistd.h>

namespace rolegate::cli {
namespace {

/// The first of these that is set decides (POSIX, Environment Variables, 8.2).
bool locale_is_utf8(const base::Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (auto value = environment.get(name)) {
      std::ranges::transform(*value, value->begin(),
                             [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
      return value->contains("UTF-8") || value->contains("UTF8");
    }
  }
  return false;
}

}  // namespace

Style style_of(bool is_terminal, const base::Environment& environment, std::size_t columns) {
  return {
      .terminal = is_terminal,
      .colour = is_terminal && !environment.get("NO_COLOR") && environment.get_or("TERM", "dumb") != "dumb",
      .unicode = locale_is_utf8(environment),
      .columns = is_terminal ? columns : 0};
}

Style style_of_descriptor(int fd, const base::Environment& environment) {
  winsize size{};
  const bool known = ::ioctl(fd, TIOCGWINSZ, &size) == 0;
  return style_of(::isatty(fd) != 0, environment, known ? size.ws_col : 0);
}

}  // namespace rolegate::cli

#pragma once

#include "base/environment.hpp"
#include "cli/output.hpp"

namespace rolegate::cli {

/// What the environment allows (TERM, NO_COLOR, LC_ALL, LC_CTYPE, LANG) on a terminal of that many columns,
/// or on none.
[[nodiscard]] Style style_of(bool is_terminal, const base::Environment& environment, std::size_t columns = 0);
/// The same for a descriptor.
[[nodiscard]] Style style_of_descriptor(int fd, const base::Environment& environment);

/// ANSI sequences, or nothing where there is no colour.
class Paint {
 public:
  explicit Paint(const Style& style) : on_(style.colour) {}
  [[nodiscard]] const char* bold() const { return on_ ? "\x1b[1m" : ""; }
  [[nodiscard]] const char* dim() const { return on_ ? "\x1b[2m" : ""; }
  [[nodiscard]] const char* red() const { return on_ ? "\x1b[31m" : ""; }
  [[nodiscard]] const char* green() const { return on_ ? "\x1b[32m" : ""; }
  [[nodiscard]] const char* yellow() const { return on_ ? "\x1b[33m" : ""; }
  [[nodiscard]] const char* off() const { return on_ ? "\x1b[0m" : ""; }

 private:
  bool on_;
};

}  // namespace rolegate::cli

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "cli/output.hpp"

namespace rolegate::cli {

/// Text from anywhere, printable_lines(), for a place `indent` columns from the left: every line but the
/// first is indented, and on a terminal lines that are too long for it are broken at blanks. A line that fits
/// keeps its blanks, a list's item stays indented, and a word is never broken: an ARN or a URL can be copied
/// whole.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent, const Style& style);

}  // namespace rolegate::cli

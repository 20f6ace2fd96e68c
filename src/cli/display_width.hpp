#pragma once

#include <cstddef>
#include <string_view>

namespace rolegate::cli {

/// How many terminal columns `text` takes, which must be base::printable() already: combining marks none,
/// East Asian wide characters and emoji two.
[[nodiscard]] std::size_t display_width(std::string_view text);

}  // namespace rolegate::cli

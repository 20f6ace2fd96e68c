#pragma once

#include <span>
#include <string_view>

namespace rolegate::base {

/// The shortest candidate that begins with `word`, else the one that takes the fewest single-character edits
/// to become it, for "did you mean …". Empty when none is nearer than half of the word's length.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace rolegate::base

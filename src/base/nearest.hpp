#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace rolegate::base {

/// How many characters have to be replaced, put in or taken out to make one of the other (Levenshtein).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The shortest candidate that begins with `word`, else the one that takes the fewest single-character edits
/// to become it, for "did you mean …". Empty when none is nearer than half of the word's length.
[[nodiscard]] std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace rolegate::base

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rolegate::aws {

inline constexpr std::size_t kMaxAnswer = 256 << 10;  ///< of the answers read here; real ones are a few KB
inline constexpr std::size_t kMaxAnswerText =
    16 << 10;                                       ///< of one value in them; session tokens are the longest
inline constexpr std::size_t kLongestQuote = 2000;  ///< of what is said of an answer, in bytes

/// What is wrong with a value of an AWS answer that goes into headers, wire messages and logs: "has an empty
/// X", "has a X of more than … bytes", "has a X with control characters"; empty when nothing is. Never the
/// value.
[[nodiscard]] std::string text_problem(std::string_view name, std::string_view value);

}  // namespace rolegate::aws

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rolegate::aws {

inline constexpr std::size_t kMaxAnswer = 256 << 10;  ///< of the answers read here; real ones are a few KB
inline constexpr std::size_t kMaxAnswerText =
    16 << 10;  ///< of one value in them; session tokens are the longest

/// What is wrong with a value of an AWS answer that goes into headers, wire messages and logs: "has an empty
/// X", "has a X of more than … bytes", "has a X with control characters"; empty when nothing is. Never the
/// value.
[[nodiscard]] std::string text_problem(std::string_view name, std::string_view value);

/// Words from outside, fit for terminals and logs: valid UTF-8, no control characters, 2,000 bytes at most.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace rolegate::aws

#pragma once

#include <string_view>

namespace rolegate::config {

/// Whether `text` as a whole is what a template engine, a shell or a person was meant to replace:
/// "{{ env['DB_USER'] }}", "${DB_USER}", "<DB_USER>". A password can look like one, so nobody shows it.
[[nodiscard]] bool is_placeholder(std::string_view text);

/// Whether it is one, or has one of a template engine's or a shell's somewhere in it.
[[nodiscard]] bool holds_placeholder(std::string_view text);

inline constexpr std::string_view kPlaceholderRemedy =
    "Fill it in first (envsubst, a template engine): nothing is replaced here.";

}  // namespace rolegate::config

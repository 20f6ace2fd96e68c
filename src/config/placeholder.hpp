#pragma once

#include <string>
#include <string_view>

namespace rolegate::config {

/// The first thing in `text` that a template engine or a shell was meant to replace: "{{ env['DB_USER'] }}",
/// "${DB_USER}", "<DB_USER>"; empty when there is none. It can be shown: a password does not look like one.
[[nodiscard]] std::string placeholder_in(std::string_view text);

inline constexpr std::string_view kPlaceholderRemedy =
    "Fill it in first (envsubst, a template engine): nothing is replaced here.";

}  // namespace rolegate::config

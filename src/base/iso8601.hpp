#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace rolegate::base {

/// "2026-01-02T03:04:05Z", the form of AWS answers; UTC, seconds.
[[nodiscard]] std::string format_iso8601(WallTime time);
/// "20260102T030405Z", the form of SigV4 (X-Amz-Date).
[[nodiscard]] std::string format_iso8601_basic(WallTime time);
/// Reads the extended form, with or without a fraction of a second, with Z or an offset such as +01:00.
/// Nothing else: an expiry that cannot be read must not become one that never comes.
[[nodiscard]] std::optional<WallTime> parse_iso8601(std::string_view text);

}  // namespace rolegate::base

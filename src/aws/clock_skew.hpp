#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace rolegate::aws {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7; only the form that senders must use).
[[nodiscard]] std::optional<base::WallTime> parse_http_date(std::string_view text);

/// "This machine's clock is 17 min 3 s behind AWS's; …", for a request that AWS says is signed wrongly. Empty
/// when the answer's Date header is missing or within a minute of `now`.
[[nodiscard]] std::string clock_skew_hint(std::string_view date_header, base::WallTime now);

}  // namespace rolegate::aws

#pragma once

#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace rolegate::aws {

/// Reads when credentials end, in the forms that botocore (python-dateutil) takes from programs, services and
/// variables: ISO 8601, extended or basic, with 'T' or a blank, with or without seconds and their fraction
/// ("2026-01-02T03:04:05Z", "20260102T030405+0000", "2026-01-02 03:04 UTC"), and what `date` prints and mails
/// carry ("Fri Jan  2 03:04:05 UTC 2026", "Fri, 02 Jan 2026 03:04:05 GMT"). A time without a zone is none,
/// here as there: an end that is misjudged by hours is worse than a message.
[[nodiscard]] std::optional<base::WallTime> parse_expiration(std::string_view text);

}  // namespace rolegate::aws

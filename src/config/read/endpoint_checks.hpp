#pragma once

#include <optional>
#include <string_view>

#include "config/read/parse_uri.hpp"

namespace rolegate::config {

/// Why no login of IAM can be for this host, or most likely none: a token names the endpoint that AWS gave
/// the database. Nothing when the URI has no host.
[[nodiscard]] std::optional<UriProblem> check_iam_host(const Uri& uri);

/// A warning about a port that is another engine's usual one.
[[nodiscard]] std::optional<UriProblem> check_port(const Uri& uri);

}  // namespace rolegate::config

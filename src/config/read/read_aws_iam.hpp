#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/aws_iam.hpp"
#include "config/read/parse_uri.hpp"
#include "config/text/fields.hpp"

namespace rolegate::config {

/// Superset's stand-in for a sensitive value in what it shows and exports.
inline constexpr std::string_view kMasked = "XXXXXXXXXX";

[[nodiscard]] bool is_aws_iam_field(std::string_view key);

/// The block's `enabled`: required, so that a block is never ignored because of a slip. Nothing after an
/// error.
[[nodiscard]] std::optional<bool> read_enabled(Fields& block);

/// Reads and validates an enabled aws_iam block for the database that `uri` names. Everything that is wrong
/// is reported; nothing is returned then. `uri.engine_known` false: what depends on the engine is not looked
/// at. For Redshift, `db_name` falls back to the URI's database.
[[nodiscard]] std::optional<AwsIam> read_aws_iam(Fields& block, const ParsedUri& uri, Report& report);

}  // namespace rolegate::config

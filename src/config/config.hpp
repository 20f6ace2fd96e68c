#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "config/admin.hpp"
#include "config/database.hpp"
#include "config/gateway.hpp"

namespace rolegate::config {

enum class Errc { config_not_found, config_invalid, database_not_found, feature_disabled };
[[nodiscard]] std::string_view code_name(Errc code);

/// The feature flag as it stands, and where it can be set.
struct IamFlag {
  bool enabled = false;
  std::string file;
};

struct Config {
  std::string file;
  bool aws_database_iam_auth = false;  ///< the feature flag, after the environment's override
  std::vector<Database> databases;     ///< the valid ones, in the file's order
  std::vector<std::string> broken;     ///< names of those that have errors
  std::optional<Gateway> gateway;      ///< when the file has the section and it is valid
  bool gateway_broken = false;         ///< it has the section, with errors
  Admin admin;

  /// The database of that name. Errors: config_invalid when it is one of the broken ones; else
  /// database_not_found, which names the nearest one and lists what there is. The pointer lives as long as
  /// `databases` is not changed.
  [[nodiscard]] base::Result<const Database*> find(std::string_view name) const;
  [[nodiscard]] IamFlag iam_flag() const { return {aws_database_iam_auth, file}; }
};

/// The feature flag in the file, and the environment variable that overrides it.
inline constexpr std::string_view kIamFlag = "AWS_DATABASE_IAM_AUTH";
inline constexpr std::string_view kIamFlagVariable = "ROLEGATE_FEATURE_AWS_DATABASE_IAM_AUTH";

/// "AWS IAM database authentication is not enabled. Set …": for an aws_iam database while the flag is off.
[[nodiscard]] base::Error feature_disabled_error(const IamFlag& flag);

}  // namespace rolegate::config

#pragma once

#include <string>

#include "cli/context.hpp"
#include "doctor/policy.hpp"

namespace rolegate::cli {

struct PolicyArguments {
  std::string database;
  std::string format = "text";  ///< one of doctor::policy_format's names
  doctor::PolicyOptions options;
};

/// `rolegate policy DB`: the IAM policies and the SQL that this database needs. Asks AWS nothing, and works
/// with the feature flag off: the policies come before the first login.
[[nodiscard]] ExitStatus run(Context& context, const PolicyArguments& arguments);

}  // namespace rolegate::cli

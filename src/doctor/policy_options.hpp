#pragma once

#include "base/error.hpp"
#include "config/database.hpp"
#include "doctor/policy.hpp"

namespace rolegate::doctor {

/// The options become parts of ARNs: each must be one thing of the right form and never a pattern, which
/// would grant more than this database. Errors: policy_argument_invalid.
[[nodiscard]] base::Result<void> check_policy_options(const config::Database& database,
                                                      const PolicyOptions& options);

}  // namespace rolegate::doctor

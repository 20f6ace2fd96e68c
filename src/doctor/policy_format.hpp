#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "doctor/policy.hpp"

namespace rolegate::doctor {

enum class PolicyFormat { text, json, terraform, cloudformation, sql };
/// "text", "json", "terraform", "cloudformation", "sql".
[[nodiscard]] std::optional<PolicyFormat> policy_format(std::string_view name);

/// text: titles, policies and SQL to read and paste. json: one object. terraform: HCL with two provider
/// aliases, aws.database and aws.caller. cloudformation: one template that is deployed in both accounts and
/// makes in each what belongs there. sql: the statements alone, notes as comments.
[[nodiscard]] std::string format_policies(const PolicySet& set, PolicyFormat format);

}  // namespace rolegate::doctor

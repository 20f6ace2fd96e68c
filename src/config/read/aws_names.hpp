#pragma once

#include <optional>
#include <string_view>

#include "config/name_fault.hpp"

namespace rolegate::config {

/// The form only: "eu-west-1", "us-gov-east-1", "eusc-de-east-1". Which regions there are changes every year.
[[nodiscard]] std::optional<NameFault> check_region(std::string_view region);

/// ExternalId: 2–1224 of [\w+=,.@:/-]
/// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
[[nodiscard]] std::optional<NameFault> check_external_id(std::string_view id);
/// RoleSessionName: 2–64 of [\w+=,.@-] (same page).
[[nodiscard]] std::optional<NameFault> check_role_session_name(std::string_view name);
/// [a-z0-9-]{3,64}
/// (https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetWorkgroup.html).
[[nodiscard]] std::optional<NameFault> check_workgroup_name(std::string_view name);
/// 1–63 lower-case letters, digits and hyphens; a letter first, no hyphen last, no two in a row
/// (https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html).
[[nodiscard]] std::optional<NameFault> check_cluster_identifier(std::string_view id);

/// arn:PARTITION:iam::ACCOUNT:role/[PATH/]NAME, 20–2048 characters
/// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html). `region`, unless empty,
/// must lie in the ARN's partition: roles do not reach across.
[[nodiscard]] std::optional<NameFault> check_role_arn(std::string_view arn, std::string_view region);

}  // namespace rolegate::config

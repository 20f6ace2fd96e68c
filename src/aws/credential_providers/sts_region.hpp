#pragma once

#include <string>
#include <string_view>

#include "aws/credential_providers/profiles.hpp"
#include "base/environment.hpp"

namespace rolegate::aws {

/// RoleSessionName when nobody gave one. Trust policies may pin it.
inline constexpr std::string_view kDefaultSessionName = "rolegate";
inline constexpr std::string_view kSessionNameHint = "It has 2 to 64 letters, digits and _+=,.@-.";

/// Which region's STS is asked for a role of the chain: AWS_REGION, AWS_DEFAULT_REGION, the profile's region,
/// else the one that stands for the partition of the role ARN (us-east-1 for "aws"): a role is known in all
/// of them.
[[nodiscard]] std::string sts_region(const base::Environment& environment, const ProfileView& profile,
                                     std::string_view role_arn);

}  // namespace rolegate::aws

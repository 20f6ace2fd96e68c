#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "aws/credential_providers/profiles.hpp"
#include "base/error.hpp"

namespace rolegate::aws {

/// One AssumeRole.
struct RoleStep {
  std::string profile;
  std::string role_arn;
  std::string external_id;
  std::string role_session_name;
  std::chrono::seconds duration{3600};
};

/// Where the credentials come from that assume the innermost role.
enum class RoleSource { profile, environment, instance_metadata, container };

/// What a profile with a role_arn comes down to.
struct RolePlan {
  std::vector<RoleStep> steps;  ///< the role that is wanted first, the one assumed first last
  RoleSource source = RoleSource::profile;
  std::string source_profile;  ///< with RoleSource::profile
  std::string source_key_id;   ///< its aws_access_key_id, when it has one

  /// All that decides what step `from` gives, in one text: renewed credentials of another plan are not the
  /// same.
  [[nodiscard]] std::string key(std::size_t from) const;
};

/// Whether a profile asks for AssumeRole. With a web_identity_token_file, its role is the web identity's.
[[nodiscard]] bool has_role(const ProfileView& profile);

/// Follows source_profile from profile to profile until there are credentials or a credential_source, by
/// botocore's rules. Pure. Errors (credentials_invalid) with file and line: both or neither of source_profile
/// and credential_source, an unknown one, a loop (which names the profiles it goes through), mfa_serial,
/// duration_seconds outside 900–43200.
[[nodiscard]] base::Result<RolePlan> plan_role(const Profiles& profiles, const std::string& profile);

}  // namespace rolegate::aws

#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "aws/api.hpp"
#include "aws/credential_providers/profiles.hpp"
#include "aws/credential_providers/refreshing_credentials.hpp"
#include "aws/credential_providers/role_plan.hpp"
#include "aws/credential_providers/shared_files.hpp"
#include "aws/credentials.hpp"
#include "aws/sts.hpp"

namespace rolegate::aws {

/// Whose credentials may assume a profile's role. The referents outlive the provider.
struct RoleSources {
  CredentialProvider& environment;
  CredentialProvider& container;
  CredentialProvider& instance_metadata;
  /// Makes what finds the credentials of a source_profile (its keys, SSO session, credential_process …).
  std::function<std::unique_ptr<CredentialProvider>(const std::string& profile)> of_profile;
};

/// A profile with a role_arn: follows source_profile and credential_source (role_plan.hpp) and assumes one
/// role after the other. The session of each role is kept and renewed on its own.
class AssumeRoleProfile final : public CredentialProvider {
 public:
  /// `files` and what `context` and `sources` refer to outlive this object.
  AssumeRoleProfile(const ApiContext& context, SharedFiles& files, ChosenProfile profile,
                    RoleSources sources);

  [[nodiscard]] std::string_view name() const override { return "profile with a role"; }
  [[nodiscard]] base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override;
  void distrust(Distrust why) override;

 private:
  /// What is kept for a profile that takes part.
  struct Kept {
    Kept(const base::Clock& clock, base::Log& log, const std::string& profile);
    RefreshingCredentials role;
    std::unique_ptr<CredentialProvider> source;  ///< what finds this profile's own credentials
  };
  [[nodiscard]] std::shared_ptr<Kept> kept(const std::string& profile);
  [[nodiscard]] base::Result<CredentialsPtr> role(const Profiles& profiles, const RolePlan& plan,
                                                  std::size_t step, base::Deadline deadline);
  /// What assumes the role of step `step`: the next step's role, or after the last the plan's source.
  [[nodiscard]] base::Result<CredentialsPtr> below(const Profiles& profiles, const RolePlan& plan,
                                                   std::size_t step, base::Deadline deadline);
  [[nodiscard]] base::Result<CredentialsPtr> source(const RolePlan& plan, base::Deadline deadline);
  void distrust_below(const RolePlan& plan, std::size_t step);
  [[nodiscard]] CredentialProvider& provider_of(RoleSource source);

  ApiContext context_;
  StsClient sts_;
  SharedFiles& files_;
  const ChosenProfile profile_;
  RoleSources sources_;

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Kept>, std::less<>> kept_;
};

}  // namespace rolegate::aws

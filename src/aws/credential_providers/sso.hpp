#pragma once

#include <string>
#include <string_view>

#include "aws/api.hpp"
#include "aws/credential_providers/profiles.hpp"
#include "aws/credential_providers/refreshing_credentials.hpp"
#include "aws/credential_providers/shared_files.hpp"
#include "aws/credentials.hpp"
#include "base/error.hpp"

namespace rolegate::aws {

/// What a profile says about IAM Identity Center, its sso-session taken in.
struct SsoSettings {
  std::string start_url;
  std::string region;
  std::string account_id;
  std::string role_name;
  std::string session;  ///< empty: the older form, everything in the profile

  /// What the cached token's file is named after.
  [[nodiscard]] const std::string& cache_key() const { return session.empty() ? start_url : session; }
};

/// Pure. Errors (credentials_invalid, with file and line): something is missing, the session does not exist,
/// or profile and session contradict each other.
[[nodiscard]] base::Result<SsoSettings> read_sso_settings(const Profiles& profiles,
                                                          const ProfileView& profile);

/// A profile with sso_account_id and sso_role_name: takes the token that `aws sso login` has left in
/// ~/.aws/sso/cache to the portal's GetRoleCredentials
/// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html). The token is read again at
/// every renewal; it is not renewed here: logging in is the CLI's business.
class SsoCredentials final : public CredentialProvider {
 public:
  /// `files` and what `context` refers to outlive this object.
  SsoCredentials(const ApiContext& context, SharedFiles& files, std::string profile);

  [[nodiscard]] std::string_view name() const override { return "SSO profile"; }
  [[nodiscard]] base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override;
  void distrust(Distrust why) override { kept_.distrust(why); }

 private:
  [[nodiscard]] base::Result<CredentialsPtr> fetch(const SsoSettings& settings,
                                                   base::Deadline deadline) const;
  [[nodiscard]] std::string login_hint() const;

  ApiContext context_;
  SharedFiles& files_;
  const std::string profile_;
  RefreshingCredentials kept_;
};

}  // namespace rolegate::aws

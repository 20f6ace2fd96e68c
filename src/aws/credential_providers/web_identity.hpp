#pragma once

#include <string>
#include <string_view>

#include "aws/api.hpp"
#include "aws/credential_providers/profiles.hpp"
#include "aws/credential_providers/refreshing_credentials.hpp"
#include "aws/credential_providers/shared_files.hpp"
#include "aws/credentials.hpp"
#include "aws/sts.hpp"

namespace rolegate::aws {

/// AssumeRoleWithWebIdentity with a token from a file, as EKS gives it to a pod (IRSA):
/// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME, each else from the profile
/// (web_identity_token_file, role_arn, role_session_name). The file is read again at every renewal: the
/// kubelet replaces it.
class WebIdentity final : public CredentialProvider {
 public:
  enum class Variables { read, ignore };

  /// `files` and what `context` refers to outlive this object. `ignore`: a profile was chosen by name, only
  /// what it says counts.
  WebIdentity(const ApiContext& context, SharedFiles& files, std::string profile, Variables variables);

  [[nodiscard]] std::string_view name() const override { return "web identity"; }
  [[nodiscard]] base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override;
  void distrust(Distrust why) override { kept_.distrust(why); }

 private:
  [[nodiscard]] std::string setting(const ProfileView& profile, std::string_view variable,
                                    std::string_view key) const;

  ApiContext context_;
  StsClient sts_;
  SharedFiles& files_;
  const std::string profile_;
  const Variables variables_;
  RefreshingCredentials kept_;
};

}  // namespace rolegate::aws

#pragma once

#include <string>
#include <string_view>

#include "aws/api.hpp"
#include "aws/credential_providers/refreshing_credentials.hpp"
#include "aws/credentials.hpp"
#include "base/error.hpp"

namespace rolegate::aws {

/// The credentials endpoint of a container: ECS tasks (AWS_CONTAINER_CREDENTIALS_RELATIVE_URI), EKS Pod
/// Identity and others (AWS_CONTAINER_CREDENTIALS_FULL_URI), with AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or
/// _TOKEN, which are read again at every renewal
/// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html).
class ContainerCredentials final : public CredentialProvider {
 public:
  /// What `context` refers to outlives this object.
  explicit ContainerCredentials(const ApiContext& context);

  [[nodiscard]] std::string_view name() const override { return "container"; }
  [[nodiscard]] base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override;
  void distrust(Distrust why) override { kept_.distrust(why); }

 private:
  [[nodiscard]] base::Result<CredentialsPtr> fetch(const std::string& url, base::Deadline deadline) const;

  ApiContext context_;
  RefreshingCredentials kept_;
};

/// Whether keys may be asked for, and a token sent, there: any https URL; http only to the machine itself and
/// to the link-local addresses of ECS and EKS. No names are looked up.
[[nodiscard]] bool container_url_allowed(std::string_view url);

}  // namespace rolegate::aws

#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "aws/api.hpp"
#include "aws/credential_providers/refreshing_credentials.hpp"
#include "aws/credentials.hpp"
#include "base/error.hpp"

namespace rolegate::aws {

/// How long one request may take, and how often the first is tried, when nothing else is said
/// (AWS_METADATA_SERVICE_TIMEOUT, AWS_METADATA_SERVICE_NUM_ATTEMPTS). Where there is no such service, or
/// where a container is one network hop too far from it, packets vanish: each try costs the whole time.
inline constexpr std::chrono::seconds kMetadataTimeout{1};
inline constexpr int kMetadataTries = 2;

/// The role of an EC2 instance, from its metadata service, version 2 only
/// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html): a token
/// is fetched with PUT, then the role's name, then its credentials. Version 1 is not tried: it is what SSRF
/// uses. AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT and _ENDPOINT_MODE are honoured.
class InstanceMetadata final : public CredentialProvider {
 public:
  /// What `context` refers to outlives this object.
  explicit InstanceMetadata(const ApiContext& context);

  [[nodiscard]] std::string_view name() const override { return "instance metadata (IMDSv2)"; }
  /// "Not configured here" also when nothing answers or no role is attached.
  [[nodiscard]] base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override;
  void distrust(Distrust why) override { kept_.distrust(why); }

 private:
  struct Session;
  [[nodiscard]] base::Result<CredentialsPtr> fetch(const std::string& endpoint, base::Deadline deadline,
                                                   std::string& why_not) const;

  ApiContext context_;
  RefreshingCredentials kept_;
};

}  // namespace rolegate::aws

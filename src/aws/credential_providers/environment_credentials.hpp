#pragma once

#include <string>
#include <string_view>

#include "aws/credential_providers/credential_fields.hpp"
#include "aws/credentials.hpp"
#include "base/clock.hpp"
#include "base/environment.hpp"

namespace rolegate::aws {

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SECURITY_TOKEN or AWS_SESSION_TOKEN,
/// AWS_CREDENTIAL_EXPIRATION
/// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-static-credentials.html). Read at each call.
class EnvironmentCredentials final : public CredentialProvider {
 public:
  /// The referents outlive this object.
  EnvironmentCredentials(const base::Environment& environment, const base::Clock& clock)
      : environment_(environment), clock_(clock) {}

  [[nodiscard]] std::string_view name() const override { return "environment variables"; }
  [[nodiscard]] base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override;

 private:
  const base::Environment& environment_;
  const base::Clock& clock_;
  UnchangedCredentials unchanged_;
};

}  // namespace rolegate::aws

#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "aws/credential_providers/refreshing_credentials.hpp"
#include "aws/credential_providers/shared_files.hpp"
#include "aws/credentials.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"

namespace rolegate::aws {

/// How long the program may take, and how much it may print.
inline constexpr std::chrono::seconds kProcessLimit{20};
inline constexpr std::size_t kProcessMaxOutput = 64 * 1024;

/// credential_process of a profile: runs a program that prints credentials as JSON
/// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html). Credentials without an
/// Expiration are kept until the profile's command changes.
class CredentialProcess final : public CredentialProvider {
 public:
  /// The referents outlive this object.
  CredentialProcess(SharedFiles& files, std::string profile, const base::Clock& clock, base::Log& log);

  [[nodiscard]] std::string_view name() const override { return "credential_process"; }
  [[nodiscard]] base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override;
  void distrust(Distrust why) override { kept_.distrust(why); }

 private:
  [[nodiscard]] base::Result<CredentialsPtr> fetch(std::string_view command, const std::string& place,
                                                   base::Deadline deadline) const;

  SharedFiles& files_;
  const std::string profile_;
  RefreshingCredentials kept_;
};

}  // namespace rolegate::aws

#pragma once

#include <string>
#include <string_view>

#include "aws/credential_providers/credential_fields.hpp"
#include "aws/credential_providers/shared_files.hpp"
#include "aws/credentials.hpp"

namespace rolegate::aws {

/// aws_access_key_id, aws_secret_access_key and aws_session_token (or aws_security_token) of a profile, in
/// one of the two files. Each file is a provider of its own: between them stands credential_process.
class ProfileKeys final : public CredentialProvider {
 public:
  enum class Where { credentials_file, config_file };

  /// `files` outlives this object.
  ProfileKeys(SharedFiles& files, std::string profile, Where where)
      : files_(files), profile_(std::move(profile)), where_(where) {}

  [[nodiscard]] std::string_view name() const override {
    return where_ == Where::credentials_file ? "credentials file" : "config file";
  }
  [[nodiscard]] base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override;

 private:
  SharedFiles& files_;
  const std::string profile_;
  const Where where_;
  UnchangedCredentials unchanged_;
};

}  // namespace rolegate::aws

#pragma once

#include <string>
#include <string_view>

#include "aws/credential_providers/credential_fields.hpp"
#include "base/error.hpp"

namespace rolegate::aws {

/// Credentials in JSON, and what came with them.
struct CredentialsDocument {
  CredentialFields fields;
  std::string account_id;  ///< when it says so
  std::string role_arn;    ///< when it says so (ECS)
};

/// What a credential_process prints: Version 1, AccessKeyId, SecretAccessKey, and perhaps SessionToken and
/// Expiration (https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html). `source`
/// begins the sentences of errors (credentials_invalid).
[[nodiscard]] base::Result<CredentialsDocument> parse_process_output(std::string_view text,
                                                                     std::string_view source);

/// What the container and the instance metadata services answer: AccessKeyId, SecretAccessKey, Token,
/// Expiration, or Code and Message when they have none (credentials_unavailable, with the message).
[[nodiscard]] base::Result<CredentialsDocument> parse_metadata_answer(std::string_view text,
                                                                      std::string_view source);

}  // namespace rolegate::aws

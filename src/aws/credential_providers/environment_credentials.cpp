#include "aws/credential_providers/environment_credentials.hpp"

#include <utility>

#include <fmt/format.h>

#include "aws/credential_providers/expiration.hpp"
#include "base/iso8601.hpp"

namespace rolegate::aws {

base::Result<CredentialsPtr> EnvironmentCredentials::get(base::Deadline, std::string& why_not) {
  auto access_key_id = environment_.get("AWS_ACCESS_KEY_ID");
  if (!access_key_id) {
    why_not = "AWS_ACCESS_KEY_ID is not set";
    return nullptr;
  }
  auto secret = environment_.get("AWS_SECRET_ACCESS_KEY");
  if (!secret) {
    return base::fail(CredentialsErrc::credentials_invalid,
                      "AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not.", "Set both or neither.");
  }
  CredentialFields fields;
  fields.access_key_id = *access_key_id;
  fields.secret_access_key = base::Secret::take(*std::move(secret));
  // botocore's order: the old name first.
  auto token = environment_.get("AWS_SECURITY_TOKEN");
  if (!token) token = environment_.get("AWS_SESSION_TOKEN");
  if (token) fields.session_token = base::Secret::take(*std::move(token));
  if (const auto expiration = environment_.get("AWS_CREDENTIAL_EXPIRATION")) {
    fields.expires_at = parse_expiration(*expiration);
    if (!fields.expires_at) {
      return base::fail(CredentialsErrc::credentials_invalid, "AWS_CREDENTIAL_EXPIRATION is not a time.",
                        "It looks like 2026-01-02T03:04:05Z, and says its zone.");
    }
    if (*fields.expires_at <= clock_.now()) {
      return base::fail(CredentialsErrc::credentials_expired,
                        fmt::format("The credentials in the environment variables expired at {}.",
                                    base::format_iso8601(*fields.expires_at)),
                        "Get new ones, or unset AWS_ACCESS_KEY_ID so that other sources count.");
    }
  }
  return unchanged_.make(std::move(fields), *std::move(access_key_id), "environment variables");
}

}  // namespace rolegate::aws

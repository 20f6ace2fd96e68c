#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/credential_providers/credential_fields.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace rolegate::aws {

/// What `aws sso login` leaves behind.
struct SsoToken {
  base::Secret access_token;
  base::WallTime expires_at;
};

/// Where `aws sso login` keeps its token below ~/.aws/sso/cache: "<SHA-1 of `key` in hex>.json". The key is
/// the session's name, or the start URL of a profile without a session.
[[nodiscard]] std::string sso_cache_file_name(std::string_view key);

/// Nothing when the text is no token: half-written, say.
[[nodiscard]] std::optional<SsoToken> parse_sso_token(std::string_view text);

/// The portal's answer to GetRoleCredentials, whose expiration is in milliseconds
/// (https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html).
[[nodiscard]] base::Result<CredentialFields> parse_role_credentials(std::string_view text,
                                                                    std::string_view source);

}  // namespace rolegate::aws

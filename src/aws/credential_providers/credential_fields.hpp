#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "aws/credentials.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace rolegate::aws {

/// What every source of credentials gives in the end, not yet looked at.
struct CredentialFields {
  std::string access_key_id;
  base::Secret secret_access_key;
  base::Secret session_token;                ///< empty: none
  std::optional<base::WallTime> expires_at;  ///< never, when not set
};

/// Checks the fields and makes credentials of them. All three end up in HTTP headers or in what is signed, so
/// nothing but visible ASCII is taken. `provider` names the place in errors (credentials_invalid).
[[nodiscard]] base::Result<CredentialsPtr> make_credentials(CredentialFields fields, std::string identity,
                                                            std::string provider);

/// The same credentials under another provider's name.
[[nodiscard]] CredentialsPtr with_provider(const Credentials& credentials, std::string provider);

/// Gives the same object again as long as what it is made of stays the same: signers keep what they have
/// worked out per object. For sources that are read at each call. Thread-safe.
class UnchangedCredentials {
 public:
  [[nodiscard]] base::Result<CredentialsPtr> make(CredentialFields fields, std::string identity,
                                                  std::string provider);

 private:
  std::mutex mutex_;
  CredentialsPtr last_;
};

}  // namespace rolegate::aws

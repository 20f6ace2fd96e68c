#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace rolegate::aws {

/// A set of AWS credentials; immutable once made, shared by whoever signs with it.
struct Credentials {
  std::string access_key_id;
  base::Secret secret_access_key;
  base::Secret session_token;                ///< empty for a user's long-lived key
  std::optional<base::WallTime> expires_at;  ///< never, when not set
  /// Whose they are, stable across renewals of the same origin: "AKIA…" for a long-lived key,
  /// "imds:SupersetInstanceRole", "profile dev:arn:aws:iam::…:role/x". No secret. Part of cache keys.
  std::string identity;
  std::string provider;    ///< for people: "environment variables", "profile 'dev' (~/.aws/config)"
  std::string request_id;  ///< AWS's, of the STS call that gave them; empty for any others
  bool read_anew = false;  ///< read at each call where they come from: asking again gives no others

  [[nodiscard]] bool expired(base::WallTime now) const { return expires_at && *expires_at <= now; }
};
using CredentialsPtr = std::shared_ptr<const Credentials>;

enum class CredentialsErrc {
  no_credentials,
  credentials_invalid,
  credentials_expired,
  credentials_unavailable
};
[[nodiscard]] std::string_view code_name(CredentialsErrc code);

/// Why credentials that a provider keeps are not to be trusted any more.
enum class Distrust {
  /// AWS or a database refused them, for this reason or another. They are asked for anew at the next `get`,
  /// at
  /// most every kEarlyRefreshPause; when that fails, those there are go on being given.
  refused,
  /// Nothing that is kept is given any more.
  reloaded,
};

/// Gives credentials, from wherever. `get` may do I/O within the deadline, may be called from several
/// threads, and answers from memory while what it has is fresh.
class CredentialProvider {
 public:
  virtual ~CredentialProvider() = default;
  /// "environment variables", "container", "instance metadata (IMDSv2)": as it is named in messages.
  [[nodiscard]] virtual std::string_view name() const = 0;
  /// Nothing (a null pointer) means "not configured here", with the reason in `why_not`: the chain goes on.
  /// An error means "configured, but failed": the chain stops and says so, as boto3 does.
  [[nodiscard]] virtual base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) = 0;
  virtual void distrust(Distrust) {}
};

}  // namespace rolegate::aws

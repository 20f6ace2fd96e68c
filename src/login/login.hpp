#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/chain.hpp"
#include "aws/credentials.hpp"
#include "aws/retry.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "config/config.hpp"
#include "login/steps.hpp"

namespace rolegate::login {

/// What a database accepts once.
struct Login {
  config::Engine engine = config::Engine::postgresql;
  config::Kind kind = config::Kind::aurora_postgresql;
  std::string database;  ///< database_name of the configuration, for messages
  std::string user;
  base::Secret password;
  std::optional<base::WallTime> expires_at;  ///< not set for a password database
  std::string host;                          ///< the endpoint: the token's and the TLS name
  std::uint16_t port = 0;
  config::HostPort dial;  ///< where to connect: connect_to, or host and port
  std::string db_name;    ///< the upstream database or schema; may be empty
  config::SslMode ssl_mode = config::SslMode::verify_full;
  std::string ssl_root_cert;  ///< as configured; empty: connect/ca.hpp decides
  std::optional<std::chrono::seconds> connect_timeout;
  std::string region;       ///< that an RDS token is for; else empty
  std::string role_arn;     ///< whose role it was made with; empty: the caller's own
  std::string principal;    ///< for people: the role ARN, or the base credentials' identity
  std::string request_id;   ///< of the AWS call that made it (Redshift) or gave its role credentials
                            ///< (AssumeRole), even if they came from the cache; empty when no call was needed
  bool from_cache = false;  ///< made from base or role credentials that were kept, or a kept Redshift login
};

/// yes: ask for everything anew that is kept, once, after the database refused a login made from it.
enum class Fresh { no, yes };

/// What the path stands on; the referents outlive the service. `base` is the credential chain, or a host
/// program's own provider.
struct Services {
  const base::Environment& environment;
  const base::Clock& clock;
  aws::HttpClient& http;
  base::Log& log;
  aws::CredentialProvider& base_credentials;
  aws::RetryPolicy retry;
};

/// Counters since start; each read is a consistent-enough snapshot for metrics. Hits and misses are those of
/// the role credentials and of the Redshift logins together.
struct Counters {
  std::uint64_t assume_role_calls = 0;  ///< a call and its retries count as one
  std::uint64_t redshift_calls = 0;     ///< for passwords and endpoints
  std::uint64_t cache_hits = 0;
  std::uint64_t cache_misses = 0;
  std::uint64_t background_renewals = 0;
  std::uint64_t renewal_failures = 0;  ///< of entries that were still valid: logins went on with them
  std::uint64_t stale_answers = 0;     ///< logins made with such an entry past its time
};

/// Credentials that the cache holds and that can still be used, for metrics. Several may have the same names:
/// they differ in what is not shown here, such as the external id or the database user.
struct CredentialState {
  std::string role_arn;  ///< empty: a Redshift login of the caller's own account
  std::string region;
  std::string target;  ///< "" for role credentials; "redshift CLUSTER" or "redshift-serverless WORKGROUP"
  base::WallTime obtained_at;
  base::WallTime expires_at;  ///< as AWS said; WallTime::max() if it named none
};

/// database → block → flag → base credentials → role credentials (cached, single-flight, renewed in the
/// background) → login. Thread-safe; every front end logs in through `login` and nothing else. Starts no
/// thread before it must call AWS for a role. Its destructor waits for calls under way, at most until their
/// deadlines (10 s for a renewal, at most 30 s for a call that a login wanted).
class LoginService {
 public:
  explicit LoginService(Services services);
  ~LoginService();
  LoginService(const LoginService&) = delete;
  LoginService& operator=(const LoginService&) = delete;

  /// Makes the login of `database`. No AWS call is made, and no credentials are looked for, before the
  /// feature flag is checked. Appends the steps walked to `steps` (may be null): feature flag, base
  /// credentials, role credentials (when there is a role) and login; for a password database, login only.
  /// Errors are those of the step that failed, with the database named in the message, or Errc of
  /// login/errc.hpp.
  [[nodiscard]] base::Result<Login> login(const config::IamFlag& flag, const config::Database& database,
                                          base::Deadline deadline, Steps* steps = nullptr,
                                          Fresh fresh = Fresh::no);
  /// Nothing that is kept is used any more, base credentials included: for a reload.
  void forget();
  /// Gives up the calls to AWS that are under way (within about a second) and makes no more: for a program
  /// that ends.
  void stop();
  [[nodiscard]] Counters counters() const;
  /// What is in the caches right now, role credentials first.
  [[nodiscard]] std::vector<CredentialState> credentials() const;

 private:
  class Path;
  std::unique_ptr<Path> path_;
};

/// How long a login may take when the database says nothing of its own (connect_timeout).
inline constexpr std::chrono::seconds kDefaultTimeout{30};

}  // namespace rolegate::login

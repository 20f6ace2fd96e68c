#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/credentials.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "base/sha256.hpp"

namespace rolegate::aws {

/// A presigned `GET /` that a database takes as a password.
struct PresignRequest {
  std::string_view host;
  std::uint16_t port = 0;  ///< 0: the host is signed without a port (Aurora DSQL)
  std::string_view region;
  std::string_view service;  ///< "rds-db", "dsql"
  std::string_view action;   ///< "connect", "DbConnect"
  std::string_view db_user;  ///< empty: no DBUser parameter
};

/// SigV4 in query parameters (https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html),
/// valid for 900 seconds, the scheme left out. The host is signed in lower case, as botocore does, and
/// written as given. What does not change from one call to the next is kept: the encoded session token, the
/// signing key of day, region and service, the digest contexts and the buffers; all of it is wiped at
/// destruction. Not thread-safe.
class Presigner {
 public:
  explicit Presigner(CredentialsPtr credentials);
  Presigner(const Presigner&) = delete;
  Presigner& operator=(const Presigner&) = delete;
  ~Presigner();

  [[nodiscard]] base::Secret presign(const PresignRequest& request, base::WallTime now);
  [[nodiscard]] const CredentialsPtr& credentials() const { return credentials_; }

 private:
  /// What depends on day, region and service.
  struct Scope {
    std::chrono::sys_days day;
    std::string region;
    std::string service;
    std::string text;                ///< "20260102/us-east-1/rds-db/aws4_request"
    std::string encoded_credential;  ///< "AKIDEXAMPLE%2F20260102%2F…"
    base::HmacSha256 key;
  };
  Scope& scope_for(const PresignRequest& request, std::chrono::sys_days day);

  CredentialsPtr credentials_;
  std::string encoded_token_;  ///< "&X-Amz-Security-Token=…", or empty
  std::optional<Scope> scope_;
  base::Sha256 hash_;
  std::string text_;  ///< of the last token: no more than what these credentials can make anyway
  std::string tail_;  ///< of the canonical request, after the query
  std::string to_sign_;
};

}  // namespace rolegate::aws

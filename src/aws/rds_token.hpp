#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "aws/credentials.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"

namespace rolegate::aws {

/// What an RDS authentication token is for. `host` and `port` are the database endpoint's own, whatever is
/// dialled.
struct RdsTokenRequest {
  std::string_view host;
  std::uint16_t port = 0;
  std::string_view region;
  std::string_view user;
};

inline constexpr std::chrono::seconds kRdsTokenLifetime{900};

/// Makes RDS authentication tokens with one set of credentials
/// (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html): SigV4
/// query presigning of `GET /?Action=connect&DBUser=…` for service rds-db. Keeps the signing key of the day,
/// the encoded session token and the digest contexts from one token to the next. Not thread-safe; each thread
/// has its own. The credentials are kept alive by this object.
class RdsTokenSigner {
 public:
  explicit RdsTokenSigner(CredentialsPtr credentials);
  ~RdsTokenSigner();
  RdsTokenSigner(RdsTokenSigner&&) noexcept;
  RdsTokenSigner& operator=(RdsTokenSigner&&) noexcept;

  [[nodiscard]] base::Secret sign(const RdsTokenRequest& request, base::WallTime now);
  [[nodiscard]] const CredentialsPtr& credentials() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Until when the database takes a token made at `signed_at`: 900 s, or the end of the credentials if that is
/// sooner.
[[nodiscard]] base::WallTime rds_token_expiry(base::WallTime signed_at, const Credentials& credentials);

}  // namespace rolegate::aws

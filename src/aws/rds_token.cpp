#include "aws/rds_token.hpp"

#include <algorithm>

#include "aws/presigner.hpp"

namespace rolegate::aws {

struct RdsTokenSigner::State {
  explicit State(CredentialsPtr credentials) : presigner(std::move(credentials)) {}
  Presigner presigner;
};

RdsTokenSigner::RdsTokenSigner(CredentialsPtr credentials)
    : state_(std::make_unique<State>(std::move(credentials))) {}
RdsTokenSigner::~RdsTokenSigner() = default;
RdsTokenSigner::RdsTokenSigner(RdsTokenSigner&&) noexcept = default;
RdsTokenSigner& RdsTokenSigner::operator=(RdsTokenSigner&&) noexcept = default;

base::Secret RdsTokenSigner::sign(const RdsTokenRequest& request, base::WallTime now) {
  return state_->presigner.presign({.host = request.host,
                                    .port = request.port,
                                    .region = request.region,
                                    .service = "rds-db",
                                    .action = "connect",
                                    .db_user = request.user},
                                   now);
}

const CredentialsPtr& RdsTokenSigner::credentials() const { return state_->presigner.credentials(); }

base::WallTime rds_token_expiry(base::WallTime signed_at, const Credentials& credentials) {
  const base::WallTime expiry = signed_at + kRdsTokenLifetime;
  return credentials.expires_at ? std::min(expiry, *credentials.expires_at) : expiry;
}

}  // namespace rolegate::aws

#include "login/rds_signers.hpp"

#include <optional>
#include <utility>

namespace rolegate::login {

base::Secret RdsSigners::sign(const aws::RdsTokenRequest& request, base::WallTime now) const {
  std::optional<aws::RdsTokenSigner> signer;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      signer.emplace(std::move(idle_.back()));
      idle_.pop_back();
    }
  }
  if (!signer) signer.emplace(credentials_);
  base::Secret token = signer->sign(request, now);
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kKept) idle_.push_back(std::move(*signer));
  return token;
}

}  // namespace rolegate::login

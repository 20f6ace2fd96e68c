#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include "aws/credentials.hpp"
#include "aws/rds_token.hpp"

namespace rolegate::login {

/// Credentials together with signers that have their keys derived already. A signer is taken out for the
/// time of one token, so no lock is held while signing; a few wait here for the next token, and they go when
/// the credentials do. Thread-safe.
class RdsSigners {
 public:
  explicit RdsSigners(aws::CredentialsPtr credentials) : credentials_(std::move(credentials)) {}

  [[nodiscard]] const aws::CredentialsPtr& credentials() const { return credentials_; }
  [[nodiscard]] base::Secret sign(const aws::RdsTokenRequest& request, base::WallTime now) const;

 private:
  /// More threads than this sign at once rarely; those make a signer of their own, some microseconds.
  static constexpr std::size_t kKept = 4;

  const aws::CredentialsPtr credentials_;
  mutable std::mutex mutex_;
  mutable std::vector<aws::RdsTokenSigner> idle_;
};

}  // namespace rolegate::login

#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/scram.hpp"
#include "base/secret.hpp"
#include "base/sha256.hpp"

namespace rolegate::gateway {

/// Passwords that were right, as caching_sha2_password's fast path wants them: SHA256(SHA256(password)), per
/// user and verifier. Thread-safe.
class FastPasswords {
 public:
  [[nodiscard]] std::optional<base::Sha256Digest> find(const std::string& user,
                                                       const base::ScramVerifier& verifier) const;
  void remember(const std::string& user, const base::ScramVerifier& verifier, const base::Secret& password);

 private:
  static constexpr std::size_t kMost = 10000;
  mutable std::mutex mutex_;
  /// By user name and stored key: a password that was changed is another one.
  std::map<std::pair<std::string, base::Sha256Digest>, base::Sha256Digest> known_;
};

}  // namespace rolegate::gateway

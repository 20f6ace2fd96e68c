#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/scram.hpp"
#include "base/sha256.hpp"
#include "config/gateway.hpp"

namespace rolegate::gateway {

/// What a client is shown that names a user who does not exist or has no password: a verifier that looks like
/// those of the configuration, and that no password fits. It is made from the name and from the verifiers of
/// all users, which no client knows; so it is the same one after a restart and on every gateway with these
/// users.
class Decoys {
 public:
  explicit Decoys(std::span<const config::GatewayUser> users);
  [[nodiscard]] base::ScramVerifier of(std::string_view user) const;

 private:
  /// Each decoy takes after one of the real ones, so that their forms are as frequent.
  struct Form {
    int iterations;
    std::size_t salt_size;
  };
  std::vector<Form> forms_;
  base::Sha256Digest key_{};
};

/// With the salt and iterations of `verifier`, but no password fits it.
[[nodiscard]] base::ScramVerifier never_right(base::ScramVerifier verifier);

}  // namespace rolegate::gateway

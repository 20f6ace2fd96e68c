#include "gateway/fast_passwords.hpp"

#include "wire/mysql/caching_sha2.hpp"

namespace rolegate::gateway {

std::optional<base::Sha256Digest> FastPasswords::find(const std::string& user,
                                                      const base::ScramVerifier& verifier) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find({user, verifier.stored_key});
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

void FastPasswords::remember(const std::string& user, const base::ScramVerifier& verifier,
                             const base::Secret& password) {
  const base::Sha256Digest digest = wire::mysql::fast_check_of(password.reveal());
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMost) known_.clear();  // many changed passwords ago; they are learned anew
  known_[{user, verifier.stored_key}] = digest;
}

}  // namespace rolegate::gateway

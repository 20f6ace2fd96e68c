#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "aws/sts.hpp"
#include "login/fetch_cache.hpp"
#include "login/rds_signers.hpp"
#include "login/refresher.hpp"
#include "login/role_key.hpp"

namespace rolegate::login {

/// StsClient::assume_role, or a test's.
using AssumeRole = std::function<base::Result<aws::CredentialsPtr>(
    const aws::AssumeRoleRequest&, const aws::Credentials& base, base::Deadline)>;

/// The credentials of the base identity, as a provider gives them; an error when there are none, or when they
/// end within kShortestUse.
[[nodiscard]] base::Result<aws::CredentialsPtr> get_base_credentials(aws::CredentialProvider& provider,
                                                                     const base::Clock& clock,
                                                                     base::Deadline deadline);

/// Role credentials: cached for ten minutes, one AssumeRole per key at a time, renewed in the background
/// while in use. Thread-safe.
class RoleCredentials {
 public:
  using Cache = FetchCache<RoleKey, RdsSigners>;

  RoleCredentials(Cache::Context context, aws::CredentialProvider& base, AssumeRole assume_role,
                  CacheLimits limits = {}, std::chrono::milliseconds check_period = std::chrono::seconds(15));

  /// `base` are the base credentials that `key.identity` belongs to.
  [[nodiscard]] base::Result<Answer<RdsSigners>> get(const RoleKeyView& key, const aws::CredentialsPtr& base,
                                                     base::Deadline deadline, Fresh fresh = Fresh::no) {
    return cache_.get(key, base, deadline, fresh);
  }
  void forget() { cache_.forget(); }
  /// Ends the background thread. Calls under way are the pool's to wait for.
  void stop() { refresher_.stop(); }

  [[nodiscard]] CacheCounts counts() const { return cache_.counts(); }
  [[nodiscard]] std::vector<Cache::Held> held() const { return cache_.held(); }
  [[nodiscard]] std::uint64_t calls() const { return calls_; }
  [[nodiscard]] std::size_t size() const { return cache_.size(); }
  [[nodiscard]] bool refreshing() { return refresher_.started(); }

 private:
  [[nodiscard]] base::Result<Fetched<RdsSigners>> fetch(const RoleKey& key, aws::CredentialsPtr base,
                                                        base::Deadline deadline);
  /// Assumes the role; once more when the keys may have been at fault and their provider has others.
  [[nodiscard]] base::Result<aws::CredentialsPtr> assume(const RoleKey& key, const aws::CredentialsPtr& base,
                                                         base::Deadline deadline);

  const base::Clock& clock_;
  aws::CredentialProvider& base_;
  const AssumeRole assume_role_;
  std::atomic<std::uint64_t> calls_{0};
  Cache cache_;
  Refresher refresher_;
};

}  // namespace rolegate::login

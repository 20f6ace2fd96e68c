#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "aws/credentials.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"

namespace rolegate::aws {

/// How long before their end credentials are renewed.
inline constexpr std::chrono::minutes kRefreshBefore{5};
/// How long a renewal may take while the old credentials still serve.
inline constexpr std::chrono::seconds kEarlyRefreshLimit{5};
/// How long after a renewal the next one waits that comes before the end: its source may give the old
/// credentials again, or be down.
inline constexpr std::chrono::seconds kEarlyRefreshPause{30};
/// How long a failure is answered again without asking, when there is nothing valid left.
inline constexpr std::chrono::seconds kFailurePause{1};

/// How long credentials that name no end of their own are kept.
inline constexpr std::chrono::minutes kKeptWithoutEnd{15};

/// What was fetched when the clock showed `fetched_at`.
[[nodiscard]] bool refresh_due(const Credentials& credentials, base::WallTime fetched_at, base::WallTime now);

/// Keeps what a fetch gave until shortly before it expires. However many threads ask, one fetches; a thread
/// that asks while valid credentials are there gets them at once, whoever is fetching. No lock is held during
/// a fetch. Credentials that are still valid go on being given when a renewal fails, with a warning.
class RefreshingCredentials {
 public:
  /// As CredentialProvider::get.
  using Fetch = std::function<base::Result<CredentialsPtr>(base::Deadline, std::string& why_not)>;

  /// `name` for messages; clock and log outlive this object.
  RefreshingCredentials(const base::Clock& clock, base::Log& log, std::string name);

  /// `key` says which configuration the fetch is for; what was kept for another one is not given.
  [[nodiscard]] base::Result<CredentialsPtr> get(std::string_view key, base::Deadline deadline,
                                                 std::string& why_not, const Fetch& fetch);
  void distrust(Distrust why);

 private:
  struct Failure {
    std::optional<base::Error> error;  ///< not set: "not configured here", see why_not
    std::string why_not;
  };
  using Lock = std::unique_lock<std::mutex>;

  /// The three below want the lock held.
  void forget();
  [[nodiscard]] base::Result<CredentialsPtr> store(base::Result<CredentialsPtr> fetched, bool out_of_time,
                                                   std::string& why_not);
  void keep(CredentialsPtr credentials, base::WallTime now);
  [[nodiscard]] base::Result<CredentialsPtr> give(const Failure& failure, std::string& why_not) const;
  [[nodiscard]] bool valid(base::WallTime now) const { return current_ && !current_->expired(now); }
  [[nodiscard]] bool due(base::WallTime now) const {
    return refused_ || refresh_due(*current_, fetched_at_, now);
  }

  const base::Clock& clock_;
  base::Log& log_;
  const std::string name_;

  std::mutex mutex_;
  std::condition_variable fetched_;
  bool fetching_ = false;
  std::string key_;
  CredentialsPtr current_;
  base::WallTime fetched_at_{};
  bool refused_ = false;          ///< somebody did not take `current_`
  std::uint64_t reloads_ = 0;     ///< what was asked for before the last one is not kept
  unsigned failed_renewals_ = 0;  ///< in a row
  std::optional<Failure> failure_;
  base::SteadyTime not_before_{};  ///< no fetch before this, unless there is nothing to give
};

}  // namespace rolegate::aws

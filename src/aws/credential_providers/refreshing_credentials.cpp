#include "aws/credential_providers/refreshing_credentials.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/iso8601.hpp"

namespace rolegate::aws {

bool refresh_due(const Credentials& credentials, base::WallTime now) {
  return credentials.expires_at && *credentials.expires_at - now <= kRefreshBefore;
}

RefreshingCredentials::RefreshingCredentials(const base::Clock& clock, base::Log& log, std::string name)
    : clock_(clock), log_(log), name_(std::move(name)) {}

base::Result<CredentialsPtr> RefreshingCredentials::get(std::string_view key, base::Deadline deadline,
                                                        std::string& why_not, const Fetch& fetch) {
  Lock lock(mutex_);
  for (;;) {
    if (key_ != key && !fetching_) {
      key_ = key;
      current_.reset();
      failure_.reset();
      not_before_ = {};
    }
    if (key_ == key) {
      const base::WallTime now = clock_.now();
      const bool paused = clock_.steady() < not_before_;
      if (valid(now) && (!refresh_due(*current_, now) || fetching_ || paused)) return current_;
      if (!valid(now) && failure_ && paused) return give(*failure_, why_not);
    }
    if (!fetching_) break;
    if (fetched_.wait_until(lock, deadline.at()) == std::cv_status::timeout && fetching_) {
      return base::fail(CredentialsErrc::credentials_unavailable,
                        fmt::format("{}: another thread is still asking for them.", name_), {}, true);
    }
  }

  const base::Deadline limit = valid(clock_.now()) ? deadline.within(kEarlyRefreshLimit) : deadline;
  fetching_ = true;
  // A fetch that throws (out of memory, say) must not leave the others waiting for it.
  struct Guard {
    RefreshingCredentials& self;
    Lock& held;
    ~Guard() {
      if (!held.owns_lock()) held.lock();
      self.fetching_ = false;
      self.fetched_.notify_all();
    }
  } const guard{*this, lock};
  lock.unlock();
  std::string reason;
  auto fetched = fetch(limit, reason);
  lock.lock();
  why_not = std::move(reason);
  return store(lock, std::move(fetched), limit.passed(), why_not);
}

base::Result<CredentialsPtr> RefreshingCredentials::store(Lock&, base::Result<CredentialsPtr> fetched,
                                                          bool out_of_time, std::string& why_not) {
  const base::WallTime now = clock_.now();
  if (fetched && *fetched && (*fetched)->expired(now)) {
    fetched = base::fail(CredentialsErrc::credentials_expired,
                         fmt::format("{} gave credentials that expired at {}.", name_,
                                     base::format_iso8601(*(*fetched)->expires_at)),
                         "If that is in the future, this machine's clock is wrong.", true);
  }
  if (fetched && *fetched) {
    current_ = *fetched;
    failure_.reset();
    not_before_ = clock_.steady() + kEarlyRefreshPause;
    return current_;
  }
  Failure failure{fetched ? std::nullopt : std::optional(fetched.error()), why_not};
  if (valid(now)) {
    not_before_ = clock_.steady() + kEarlyRefreshPause;
    log_.warning("{}: renewal failed, going on with credentials that are valid until {}: {}", name_,
                 base::format_iso8601(*current_->expires_at),
                 failure.error ? failure.error->message : why_not);
    return current_;
  }
  current_.reset();
  // A caller who came with little time left speaks only for itself.
  failure_ = out_of_time ? std::nullopt : std::optional(failure);
  not_before_ = clock_.steady() + kFailurePause;
  return give(failure, why_not);
}

base::Result<CredentialsPtr> RefreshingCredentials::give(const Failure& failure, std::string& why_not) const {
  if (failure.error) return std::unexpected(*failure.error);
  why_not = failure.why_not;
  return nullptr;
}

}  // namespace rolegate::aws

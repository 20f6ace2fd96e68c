#include "aws/credential_providers/refreshing_credentials.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/iso8601.hpp"

namespace rolegate::aws {

namespace {

bool same_keys(const Credentials& a, const Credentials& b) {
  return a.access_key_id == b.access_key_id && a.secret_access_key.equals(b.secret_access_key.reveal()) &&
         a.session_token.equals(b.session_token.reveal()) && a.expires_at == b.expires_at &&
         a.identity == b.identity;
}

}  // namespace

bool refresh_due(const Credentials& credentials, base::WallTime fetched_at, base::WallTime now) {
  if (credentials.expires_at) return *credentials.expires_at - now <= kRefreshBefore;
  // A clock that was set back does not say how long ago that was.
  return now - fetched_at >= kKeptWithoutEnd || now < fetched_at;
}

RefreshingCredentials::RefreshingCredentials(const base::Clock& clock, base::Log& log, std::string name)
    : clock_(clock), log_(log), name_(std::move(name)) {}

base::Result<CredentialsPtr> RefreshingCredentials::get(std::string_view key, base::Deadline deadline,
                                                        std::string& why_not, const Fetch& fetch) {
  Lock lock(mutex_);
  for (;;) {
    if (key_ != key && !fetching_) {
      key_ = key;
      forget();
    }
    if (key_ == key) {
      const base::WallTime now = clock_.now();
      const bool paused = clock_.steady() < not_before_;
      if (valid(now) && (!due(now) || fetching_ || paused)) return current_;
      if (!valid(now) && failure_ && paused) return give(*failure_, why_not);
    }
    if (!fetching_) break;
    if (fetched_.wait_until(lock, deadline.at()) == std::cv_status::timeout && fetching_) {
      return base::fail(CredentialsErrc::credentials_unavailable,
                        fmt::format("{}: another thread is still asking for them.", name_), {}, true);
    }
  }

  // Only a session's end is sure to come, and with it a renewal that may take its time.
  const bool early = valid(clock_.now()) && current_->expires_at && !refused_;
  const base::Deadline limit = early ? deadline.within(kEarlyRefreshLimit) : deadline;
  const std::uint64_t reloads = reloads_;
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
  auto answer = store(std::move(fetched), limit.passed(), why_not);
  if (reloads != reloads_) forget();
  return answer;
}

void RefreshingCredentials::distrust(Distrust why) {
  const std::lock_guard lock(mutex_);
  if (why == Distrust::refused) {
    refused_ = current_ != nullptr;
    return;
  }
  ++reloads_;
  forget();
}

void RefreshingCredentials::forget() {
  current_.reset();
  refused_ = false;
  failed_renewals_ = 0;
  failure_.reset();
  not_before_ = {};
}

void RefreshingCredentials::keep(CredentialsPtr credentials, base::WallTime now) {
  // The same object for the same keys: whoever was refused with them need not try them once more.
  if (!current_ || !same_keys(*current_, *credentials)) current_ = std::move(credentials);
  fetched_at_ = now;
  refused_ = false;
  failed_renewals_ = 0;
  failure_.reset();
  not_before_ = clock_.steady() + kEarlyRefreshPause;
}

base::Result<CredentialsPtr> RefreshingCredentials::store(base::Result<CredentialsPtr> fetched,
                                                          bool out_of_time, std::string& why_not) {
  const base::WallTime now = clock_.now();
  if (fetched && *fetched && (*fetched)->expired(now)) {
    fetched = base::fail(CredentialsErrc::credentials_expired,
                         fmt::format("{} gave credentials that expired at {}.", name_,
                                     base::format_iso8601(*(*fetched)->expires_at)),
                         "If that is in the future, this machine's clock is wrong.", true);
  }
  if (fetched && *fetched) {
    keep(*std::move(fetched), now);
    return current_;
  }
  Failure failure{fetched ? std::nullopt : std::optional(fetched.error()), why_not};
  if (valid(now)) {
    not_before_ = clock_.steady() + kEarlyRefreshPause;
    // At the first failure and then at each power of two.
    if (const unsigned failures = ++failed_renewals_; (failures & (failures - 1)) == 0) {
      log_.warning("{}: renewal failed ({} in a row), going on with {}: {}", name_, failures,
                   current_->expires_at
                       ? "credentials that are valid until " + base::format_iso8601(*current_->expires_at)
                       : std::string("those there are"),
                   failure.error ? failure.error->message : why_not);
    }
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

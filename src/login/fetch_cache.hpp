#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "aws/credentials.hpp"
#include "base/call_pool.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/iso8601.hpp"
#include "base/log.hpp"
#include "login/errc.hpp"
#include "login/flight.hpp"
#include "login/login.hpp"
#include "login/validity.hpp"

namespace rolegate::login {

/// What AWS was asked for, and how long it may be used.
template <typename Value>
struct Fetched {
  std::shared_ptr<const Value> value;
  Validity validity;
};

/// Where an answer of the cache comes from.
enum class Origin {
  cached,   ///< from memory
  fetched,  ///< this caller waited for the call that brought it
  stale,    ///< from memory, past its time but still valid, because AWS cannot be asked
};

template <typename Value>
struct Answer {
  std::shared_ptr<const Value> value;
  Origin origin = Origin::cached;
};

struct CacheLimits {
  std::size_t entries = 1000;
  /// How long a login waits for a renewal while it has something in hand that is still valid.
  std::chrono::milliseconds patience{5000};
  /// What a call may take: as long as the login that starts it may, but within these. Renewals get the least:
  /// it also bounds how long a shutdown may have to wait.
  std::chrono::milliseconds shortest_call{10000};
  std::chrono::milliseconds longest_call{30000};
};

/// Counts since start.
struct CacheCounts {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t stale_answers = 0;
  std::uint64_t background_renewals = 0;
  std::uint64_t renewal_failures = 0;
};

/// A bounded cache (least recently used out first) of what a network call brings, with one call per key
/// however many threads ask. An entry that is asked for between `renew_at` and `fresh_until` is renewed
/// without the asker waiting; one past `fresh_until` is waited for; when the call fails, what is still usable
/// goes on being used. A failure is remembered for as long as pause_after_failure says, for the keys that it
/// was met with, and a success forgets it.
///
/// `Key` is made from `Key::View` (strings by reference, so that a hit allocates nothing) and gives `view()`;
/// `View` gives `hash()` and compares; `Key` gives `lane()` (see base::CallPool) and `text()`, its name in
/// messages. Thread-safe. The mutex is never held while anything else is called.
template <typename Key, typename Value>
class FetchCache {
 public:
  using View = typename Key::View;
  /// Makes the call, on a thread of the pool. `credentials` are the caller's to sign with; null when nobody
  /// waits and they have to be looked up.
  using Fetch = std::function<base::Result<Fetched<Value>>(const Key&, const aws::CredentialsPtr& credentials,
                                                           base::Deadline)>;
  struct Context {
    const base::Clock& clock;
    base::Log& log;
    base::CallPool& pool;
  };

  /// `in_use` is told when an entry is asked for, for the first time since it was fetched.
  FetchCache(
      Context context, Fetch fetch, CacheLimits limits = {}, std::function<void()> in_use = [] {})
      : context_(context), fetch_(std::move(fetch)), limits_(limits), in_use_(std::move(in_use)) {}

  /// From memory, or from a call that this caller starts or joins. Fresh::yes: not from memory, except when
  /// that was fetched within the last second, which is also how often the call is made.
  [[nodiscard]] base::Result<Answer<Value>> get(const View& view, const aws::CredentialsPtr& credentials,
                                                base::Deadline deadline, Fresh fresh = Fresh::no);

  /// Nothing that was asked for before is given any more, except to those who wait for it already.
  void forget();

  /// Starts the renewals that are due, of entries in use. Says whether any entry is in use.
  bool renew_due();

  [[nodiscard]] CacheCounts counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }
  /// What is in memory and can still be used, most recently used first.
  struct Held {
    std::shared_ptr<const Key> key;
    std::shared_ptr<const Value> value;
    base::WallTime obtained_at;
  };
  [[nodiscard]] std::vector<Held> held() const;
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
  }

 private:
  using KeyPtr = std::shared_ptr<const Key>;
  using FlightPtr = std::shared_ptr<Flight<Value>>;
  using Outcome = typename Flight<Value>::Outcome;

  struct Entry {
    explicit Entry(const View& view, std::size_t hashed)
        : key(std::make_shared<const Key>(view)), hash(hashed) {}
    const KeyPtr key;
    const std::size_t hash;
    std::shared_ptr<const Value> value;  ///< null until a call succeeded
    Validity validity{};
    Moment obtained{};
    bool used = false;  ///< asked for since it was obtained
    FlightPtr flight;   ///< the call under way
    std::optional<base::Error> failure;
    std::string failed_with;  ///< the access key id; empty: the call looked for credentials itself
    base::SteadyTime failed_at;
    unsigned failures = 0;  ///< in a row

    [[nodiscard]] base::WallTime judge(const Moment& now) const { return judged_now(obtained, now); }
    [[nodiscard]] bool usable(const Moment& now) const { return value && judge(now) < validity.usable_until; }
    [[nodiscard]] bool just_obtained(const Moment& now) const {
      return usable(now) && now.steady < obtained.steady + kFailurePause;
    }
    /// Whether a call for it may be made now. Null credentials: it would look for some itself.
    [[nodiscard]] bool may_ask(const Moment& now, const aws::CredentialsPtr& credentials, Fresh fresh) const {
      if (failures == 0) return true;
      if (credentials && !failed_with.empty() && credentials->access_key_id != failed_with) return true;
      // Refused logins are in a hurry: a failed renewal's longer pause is not for them.
      const auto pause = fresh == Fresh::yes ? kFailurePause : pause_after_failure(failures, usable(now));
      return now.steady >= failed_at + pause;
    }
  };
  using Entries = std::list<Entry>;  // most recently used first
  using Place = typename Entries::iterator;

  struct Probe {
    const View& view;
    std::size_t hash;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Place& place) const { return place->hash; }
    std::size_t operator()(const Probe& probe) const { return probe.hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Place& a, const Place& b) const { return a == b; }
    bool operator()(const Probe& a, const Place& b) const {
      return a.hash == b->hash && a.view == b->key->view();
    }
    bool operator()(const Place& a, const Probe& b) const { return (*this)(b, a); }
  };

  /// What the entry's state means for one caller; made under the lock, acted upon after it.
  struct Plan {
    std::shared_ptr<const Value> value;  ///< what there is in memory that may be used
    Origin origin = Origin::cached;
    KeyPtr key;       ///< set with `start`
    FlightPtr start;  ///< to be handed to the pool
    FlightPtr wait;   ///< to be waited for; without it `value` or `failure` is the answer
    std::optional<base::Error> failure;
    bool first_use = false;
  };

  /// A call on its way through the pool. It lands its flight whatever happens, even if it is never made.
  class Call {
   public:
    Call(FetchCache& cache, KeyPtr key, FlightPtr flight, aws::CredentialsPtr credentials,
         base::Deadline deadline, base::CallPool::Urgency urgency) noexcept
        : cache_(&cache),
          key_(std::move(key)),
          flight_(std::move(flight)),
          credentials_(std::move(credentials)),
          deadline_(deadline),
          urgency_(urgency) {}
    Call(Call&&) noexcept = default;
    Call& operator=(Call&&) = delete;
    ~Call() {
      if (flight_) cache_->settle(*key_, flight_, not_made(), credentials_, urgency_);
    }

    void operator()() {
      const FlightPtr flight = std::exchange(flight_, nullptr);
      cache_->settle(*key_, flight, cache_->ask(*key_, credentials_, deadline_), credentials_, urgency_);
    }

    [[nodiscard]] std::string lane() const { return key_->lane(); }
    [[nodiscard]] base::CallPool::Urgency urgency() const { return urgency_; }

   private:
    [[nodiscard]] base::Result<Fetched<Value>> not_made() const {
      return base::fail(Errc::call_not_made, fmt::format("AWS was not asked for {}.", key_->text()),
                        "Either the program is shutting down, or thousands of calls are waiting for AWS.",
                        true);
    }

    FetchCache* cache_;
    KeyPtr key_;
    FlightPtr flight_;
    aws::CredentialsPtr credentials_;
    base::Deadline deadline_;
    base::CallPool::Urgency urgency_;
  };

  [[nodiscard]] Moment moment() const { return {context_.clock.now(), context_.clock.steady()}; }
  [[nodiscard]] Plan plan(const Probe& probe, const aws::CredentialsPtr& credentials, Fresh fresh,
                          const Moment& now);
  [[nodiscard]] Plan plan_hit(Entry& entry, const aws::CredentialsPtr& credentials, const Moment& now);
  [[nodiscard]] Plan plan_miss(Entry& entry, const aws::CredentialsPtr& credentials, Fresh fresh,
                               const Moment& now);
  [[nodiscard]] Entry& touch(const Probe& probe);
  void evict();
  [[nodiscard]] base::Result<Answer<Value>> await(const View& view, Plan& plan, base::Deadline deadline,
                                                  Fresh fresh);
  [[nodiscard]] base::Result<Answer<Value>> still_valid(const View& view, base::Error otherwise);
  void launch(Call call);
  [[nodiscard]] base::Result<Fetched<Value>> ask(const Key& key, const aws::CredentialsPtr& credentials,
                                                 base::Deadline deadline) const;
  void settle(const Key& key, const FlightPtr& flight, base::Result<Fetched<Value>> result,
              const aws::CredentialsPtr& credentials, base::CallPool::Urgency urgency) noexcept;
  void warn(const Key& key, unsigned failures, base::WallTime usable_until, const base::Error& error) const;

  const Context context_;
  const Fetch fetch_;
  const CacheLimits limits_;
  const std::function<void()> in_use_;

  mutable std::mutex mutex_;
  Entries entries_;
  std::unordered_set<Place, Hash, Equal> index_;
  Entries evicted_;  ///< freed outside the lock
  CacheCounts counts_;
};

template <typename Key, typename Value>
base::Result<Answer<Value>> FetchCache<Key, Value>::get(const View& view,
                                                        const aws::CredentialsPtr& credentials,
                                                        base::Deadline deadline, Fresh fresh) {
  Plan chosen = plan(Probe{view, view.hash()}, credentials, fresh, moment());
  if (chosen.start) {
    // A renewal that nobody waits for gets the shortest time.
    const auto time = chosen.wait ? std::clamp(deadline.left(), limits_.shortest_call, limits_.longest_call)
                                  : limits_.shortest_call;
    launch(Call(*this, std::move(chosen.key), std::move(chosen.start), credentials, base::Deadline::in(time),
                chosen.wait ? base::CallPool::Urgency::login : base::CallPool::Urgency::renewal));
  }
  if (chosen.first_use) in_use_();
  if (chosen.wait) return await(view, chosen, deadline, fresh);
  if (chosen.failure) return std::unexpected(std::move(*chosen.failure));
  return Answer<Value>{std::move(chosen.value), chosen.origin};
}

template <typename Key, typename Value>
auto FetchCache<Key, Value>::plan(const Probe& probe, const aws::CredentialsPtr& credentials, Fresh fresh,
                                  const Moment& now) -> Plan {
  Entries retired;  // destroyed after the lock is gone
  const std::lock_guard lock(mutex_);
  Entry& entry = touch(probe);
  if (!evicted_.empty()) retired.swap(evicted_);
  const bool fresh_enough =
      fresh == Fresh::no && entry.value && entry.judge(now) < entry.validity.fresh_until;
  // A second's grace keeps a thousand refused logins, or an answer that is stale as it comes, from becoming a
  // thousand calls.
  if (fresh_enough || entry.just_obtained(now)) return plan_hit(entry, credentials, now);
  return plan_miss(entry, credentials, fresh, now);
}

template <typename Key, typename Value>
auto FetchCache<Key, Value>::plan_hit(Entry& entry, const aws::CredentialsPtr& credentials, const Moment& now)
    -> Plan {
  Plan plan;
  ++counts_.hits;
  plan.value = entry.value;
  plan.first_use = !std::exchange(entry.used, true);
  if (entry.judge(now) >= entry.validity.renew_at && !entry.flight && !entry.just_obtained(now) &&
      entry.may_ask(now, credentials, Fresh::no)) {
    plan.key = entry.key;
    plan.start = entry.flight = std::make_shared<Flight<Value>>();
  }
  return plan;
}

template <typename Key, typename Value>
auto FetchCache<Key, Value>::plan_miss(Entry& entry, const aws::CredentialsPtr& credentials, Fresh fresh,
                                       const Moment& now) -> Plan {
  Plan plan;
  ++counts_.misses;
  const bool usable = fresh == Fresh::no && entry.usable(now);
  if (usable) {
    plan.value = entry.value;
    plan.origin = Origin::stale;
    plan.first_use = !std::exchange(entry.used, true);
  }
  if (!entry.flight) {
    if (!entry.may_ask(now, credentials, fresh)) {
      if (usable) {
        ++counts_.stale_answers;
      } else {
        plan.failure = entry.failure;
      }
      return plan;
    }
    plan.key = entry.key;
    plan.start = entry.flight = std::make_shared<Flight<Value>>();
  }
  // While a key is failing, nobody who has something valid in hand waits for the next attempt.
  if (usable && entry.failures > 0) {
    ++counts_.stale_answers;
    return plan;
  }
  plan.wait = entry.flight;
  return plan;
}

template <typename Key, typename Value>
auto FetchCache<Key, Value>::touch(const Probe& probe) -> Entry& {
  if (const auto found = index_.find(probe); found != index_.end()) {
    const Place place = *found;
    if (place != entries_.begin()) entries_.splice(entries_.begin(), entries_, place);
    return *place;
  }
  if (entries_.size() >= limits_.entries) evict();
  Entries made;
  made.emplace_front(probe.view, probe.hash);
  index_.insert(made.begin());
  entries_.splice(entries_.begin(), made);
  return entries_.front();
}

/// An entry whose call is under way goes last: without it, a further asker would start a second call.
template <typename Key, typename Value>
void FetchCache<Key, Value>::evict() {
  Place victim = std::prev(entries_.end());
  for (auto place = victim;; --place) {
    if (!place->flight) {
      victim = place;
      break;
    }
    if (place == entries_.begin()) break;
  }
  index_.erase(victim);
  evicted_.splice(evicted_.end(), entries_, victim);
}

template <typename Key, typename Value>
base::Result<Answer<Value>> FetchCache<Key, Value>::await(const View& view, Plan& plan,
                                                          base::Deadline deadline, Fresh fresh) {
  base::SteadyTime until = deadline.at();
  if (plan.value) until = std::min(until, plan.wait->started() + limits_.patience);
  std::optional<Outcome> outcome = plan.wait->wait(until);
  if (outcome && *outcome) return Answer<Value>{std::move(**outcome), Origin::fetched};
  base::Error error =
      outcome ? std::move(outcome->error())
              : base::make_error(
                    Errc::login_timeout,
                    fmt::format("AWS did not answer in time when asked for {}.", Key(view).text()),
                    "Check that this machine reaches the AWS endpoint, or raise connect_timeout.", true);
  if (fresh == Fresh::yes) return std::unexpected(std::move(error));
  return still_valid(view, std::move(error));
}

/// After a failed or too slow call: what is in memory, if it has not ended meanwhile.
template <typename Key, typename Value>
base::Result<Answer<Value>> FetchCache<Key, Value>::still_valid(const View& view, base::Error otherwise) {
  const Probe probe{view, view.hash()};
  const Moment now = moment();
  const std::lock_guard lock(mutex_);
  const auto found = index_.find(probe);
  if (found == index_.end() || !(*found)->usable(now)) return std::unexpected(std::move(otherwise));
  ++counts_.stale_answers;
  return Answer<Value>{(*found)->value, Origin::stale};
}

template <typename Key, typename Value>
void FetchCache<Key, Value>::launch(Call call) {
  std::string lane = call.lane();
  const base::CallPool::Urgency urgency = call.urgency();
  context_.pool.submit(lane, urgency, std::move(call));
}

template <typename Key, typename Value>
base::Result<Fetched<Value>> FetchCache<Key, Value>::ask(const Key& key,
                                                         const aws::CredentialsPtr& credentials,
                                                         base::Deadline deadline) const {
  try {
    if (!deadline.passed()) return fetch_(key, credentials, deadline);
    return base::fail(Errc::login_timeout,
                      fmt::format("Too many calls to AWS were waiting before that for {}.", key.text()),
                      "Check that this machine reaches the AWS endpoint.", true);
  } catch (const std::exception& problem) {
    return base::fail(Errc::call_failed,
                      fmt::format("Asking AWS for {} failed: {}.", key.text(), problem.what()),
                      "This is a bug of Rolegate, or the machine has no memory left.", true);
  } catch (...) {
    return base::fail(Errc::call_failed, fmt::format("Asking AWS for {} failed.", key.text()),
                      "This is a bug of Rolegate.", true);
  }
}

template <typename Key, typename Value>
void FetchCache<Key, Value>::settle(const Key& key, const FlightPtr& flight,
                                    base::Result<Fetched<Value>> result,
                                    const aws::CredentialsPtr& credentials,
                                    base::CallPool::Urgency urgency) noexcept {
  const View& view = key.view();
  const Probe probe{view, view.hash()};
  const Moment now = moment();
  std::shared_ptr<const Value> retired;  // wiped after the lock is gone
  unsigned failures_while_usable = 0;
  base::WallTime usable_until{};
  try {
    const std::lock_guard lock(mutex_);
    const auto found = index_.find(probe);
    // An entry that was evicted, and perhaps made anew, meanwhile is not this call's any more.
    if (found != index_.end() && (*found)->flight == flight) {
      Entry& entry = **found;
      entry.flight = nullptr;
      if (result) {
        if (urgency == base::CallPool::Urgency::renewal) ++counts_.background_renewals;
        retired = std::exchange(entry.value, result->value);
        entry.validity = result->validity;
        entry.obtained = now;
        entry.used = false;
        entry.failures = 0;
        entry.failure.reset();
      } else {
        ++entry.failures;
        entry.failed_at = now.steady;
        entry.failed_with = credentials ? credentials->access_key_id : std::string();
        if (entry.usable(now)) {
          ++counts_.renewal_failures;
          failures_while_usable = entry.failures;
          usable_until = entry.validity.usable_until;
        }
        entry.failure = result.error();
      }
    }
  } catch (...) {  // no memory to remember the error: the waiters get it all the same
  }
  try {
    if (failures_while_usable > 0) warn(key, failures_while_usable, usable_until, result.error());
  } catch (...) {  // nor to log it
  }
  if (result) {
    flight->land(std::move(result->value));
  } else {
    flight->land(std::unexpected(std::move(result.error())));
  }
}

/// At the first failure and then at each power of two: a service that is down for hours must not fill the
/// disk.
template <typename Key, typename Value>
void FetchCache<Key, Value>::warn(const Key& key, unsigned failures, base::WallTime usable_until,
                                  const base::Error& error) const {
  if ((failures & (failures - 1)) != 0) return;
  if (usable_until == base::WallTime::max()) {
    context_.log.warning("{} could not be renewed ({} in a row); logins go on with what there is: {}",
                         key.text(), failures, error.text());
  } else {
    context_.log.warning(
        "{} could not be renewed ({} in a row); logins go on with what there is until {}: {}", key.text(),
        failures, base::format_iso8601(usable_until), error.text());
  }
}

template <typename Key, typename Value>
auto FetchCache<Key, Value>::held() const -> std::vector<Held> {
  std::vector<Held> held;
  const Moment now = moment();
  const std::lock_guard lock(mutex_);
  held.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    if (entry.usable(now)) held.push_back({entry.key, entry.value, entry.obtained.wall});
  }
  return held;
}

template <typename Key, typename Value>
void FetchCache<Key, Value>::forget() {
  Entries retired;  // wiped after the lock is gone
  const std::lock_guard lock(mutex_);
  index_.clear();
  retired.swap(entries_);
}

template <typename Key, typename Value>
bool FetchCache<Key, Value>::renew_due() {
  std::vector<Call> due;
  bool any_in_use = false;
  {
    const Moment now = moment();
    const std::lock_guard lock(mutex_);
    for (Entry& entry : entries_) {
      if (!entry.value || !entry.used) continue;
      // What has ended and cannot be renewed is given up; a login that still wants it will ask itself.
      if (!entry.usable(now) && entry.failures > 0) {
        entry.used = false;
        continue;
      }
      any_in_use = true;
      if (entry.flight || entry.judge(now) < entry.validity.renew_at ||
          !entry.may_ask(now, nullptr, Fresh::no)) {
        continue;
      }
      auto flight = std::make_shared<Flight<Value>>();
      due.emplace_back(*this, entry.key, flight, nullptr, base::Deadline::in(limits_.shortest_call),
                       base::CallPool::Urgency::renewal);
      entry.flight = std::move(flight);
    }
  }
  for (Call& call : due) launch(std::move(call));
  return any_in_use;
}

}  // namespace rolegate::login

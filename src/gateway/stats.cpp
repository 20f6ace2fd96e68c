#include "gateway/stats.hpp"

#include <algorithm>

namespace rolegate::gateway {

void Histogram::add(std::chrono::microseconds duration) {
  const double seconds = std::chrono::duration<double>(std::max(duration, duration.zero())).count();
  // A bound belongs to its bucket, as in Prometheus ("le").
  const auto bucket = std::ranges::lower_bound(kDurationBuckets, seconds) - kDurationBuckets.begin();
  ++counts[static_cast<std::size_t>(bucket)];
  sum += seconds;
}

void DatabaseStats::login_ended(base::WallTime at, std::string_view outcome, std::string_view message,
                                const std::vector<login::Step>& steps) {
  LastLogin last{at, std::string(outcome), std::string(message)};
  const std::lock_guard lock(mutex_);
  if (const auto known = logins_.find(outcome); known != logins_.end()) {
    ++known->second;
  } else {
    logins_.emplace(outcome, 1);
  }
  for (const login::Step& step : steps) steps_[step.name].add(step.duration);
  // Sessions report from several threads: one that was overtaken must not have the last word.
  if (!last_login_ || last_login_->at <= at) last_login_ = std::move(last);
}

void DatabaseStats::forget_last_login() {
  const std::lock_guard lock(mutex_);
  last_login_.reset();
}

DatabaseStats::Snapshot DatabaseStats::snapshot() const {
  Snapshot snapshot;
  snapshot.name = name_;
  snapshot.engine = engine_;
  snapshot.sessions = sessions;
  snapshot.bytes_to_client = bytes_to_client;
  snapshot.bytes_to_database = bytes_to_database;
  const std::lock_guard lock(mutex_);
  snapshot.logins.insert(logins_.begin(), logins_.end());
  snapshot.steps = steps_;
  snapshot.last_login = last_login_;
  return snapshot;
}

std::string_view refusal_name(Refusal refusal) {
  switch (refusal) {
    case Refusal::authentication:
      return "authentication";
    case Refusal::database:
      return "database";
    case Refusal::protocol:
      return "protocol";
    case Refusal::timeout:
      return "timeout";
    case Refusal::too_many:
      return "too_many";
    case Refusal::users_missing:
      return "users_missing";
    case Refusal::cancel_key:
      return "cancel_key";
    case Refusal::cancel_limit:
      return "cancel_limit";
    case Refusal::audit_log:
      return "audit_log";
    case Refusal::draining:
      return "draining";
  }
  return {};
}

Stats::Snapshot Stats::snapshot() const {
  Snapshot snapshot;
  for (std::size_t i = 0; i < kRefusals; ++i) snapshot.refusals[i] = refusals_[i];
  snapshot.connections = connections;
  snapshot.connections_now = connections_now;
  snapshot.authenticating_now = authenticating_now;
  snapshot.probes = probes;
  snapshot.logins_held = logins_held;
  snapshot.cancels = cancels;
  snapshot.audit_lines_lost = audit_lines_lost;
  snapshot.reloads = reloads;
  snapshot.reloads_failed = reloads_failed;
  return snapshot;
}

}  // namespace rolegate::gateway

#include "gateway/session/session_limits.hpp"

#include <utility>

namespace rolegate::gateway {

void SessionLimits::bound_age(base::SteadyTime end_at) {
  age_.at(end_at, [this] { reached("max_age", too_old()); });
}

void SessionLimits::bound_idleness(std::chrono::milliseconds timeout, IdleSince idle_since) {
  timeout_ = timeout;
  idle_since_ = std::move(idle_since);
  check_idle();
}

/// While an answer is awaited, another whole timeout is too early to be right.
void SessionLimits::check_idle() {
  const base::SteadyTime ends = idle_since_() + timeout_;
  if (ends > loop_.now()) {
    idle_.at(ends, [this] { check_idle(); });
  } else {
    reached("idle_timeout", idle_too_long());
  }
}

void SessionLimits::bound_by(bool may_stay, std::chrono::milliseconds grace, const std::string& user) {
  if (may_stay) {
    grace_.cancel();
    in_grace_ = false;
    return;
  }
  if (std::exchange(in_grace_, true)) return;
  grace_.in(grace, [this, user] { reached("no_longer_allowed", no_longer_allowed(user)); });
}

void SessionLimits::reached(std::string_view reason, const ClientError& error) {
  End end = std::move(end_);  // which may destroy this
  end(reason, error);
}

}  // namespace rolegate::gateway

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "gateway/access.hpp"
#include "gateway/session/client_error.hpp"
#include "gateway/settings.hpp"
#include "net/event_loop.hpp"
#include "net/timer.hpp"

namespace rolegate::gateway {

/// How long a session may last that is being relayed: its user's max_age, idle_timeout, and for as long as
/// its user may be there at all. For the loop's thread.
class SessionLimits {
 public:
  /// Called by the loop when one is reached; it may destroy this. `reason`: for the audit log; `error`: for
  /// the client.
  using End = std::move_only_function<void(std::string_view reason, const ClientError& error)>;
  /// When the session was last heard to say something; the present, as long as it awaits an answer.
  using IdleSince = std::move_only_function<base::SteadyTime()>;

  SessionLimits(net::EventLoop& loop, End end)
      : end_(std::move(end)), loop_(loop), age_(loop), idle_(loop), grace_(loop) {}

  /// `end_at`: when the session is too old.
  void bound_age(base::SteadyTime end_at);
  void bound_idleness(std::chrono::milliseconds timeout, IdleSince idle_since);
  /// After a reload: a user who may not be there any more may stay for the grace.
  void bound_by(bool may_stay, std::chrono::milliseconds grace, const std::string& user);

 private:
  void check_idle();
  void reached(std::string_view reason, const ClientError& error);

  End end_;
  net::EventLoop& loop_;
  net::Timer age_;
  net::Timer idle_;
  net::Timer grace_;
  bool in_grace_ = false;
  std::chrono::milliseconds timeout_{0};
  IdleSince idle_since_;
};

}  // namespace rolegate::gateway

#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/call_pool.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "login/steps.hpp"
#include "net/dialer.hpp"
#include "net/event_loop.hpp"
#include "net/mailbox.hpp"
#include "net/timer.hpp"
#include "upstream/handshake_driver.hpp"
#include "upstream/login_handshake.hpp"
#include "upstream/login_rate.hpp"
#include "upstream/preparation.hpp"
#include "upstream/session_provider.hpp"

namespace rolegate::upstream {

/// What the way to a database stands on; outlives every login.
struct UpstreamServices {
  Prepare prepare;
  /// Where it is called. One lane per database, so that one that is stuck fills its own only.
  base::CallPool& pool;
  base::Random& random;
};

/// The one path from a configured database to a session: its turn (login_rate), login, resolve, TCP, TLS,
/// handshake; once more with fresh credentials when the database refuses cached ones. What is left of it when
/// it is destroyed on the way is given up.
class Opening {
 public:
  /// `services` outlives this. `done`: see SessionProvider::Done.
  Opening(net::EventLoop& loop, const UpstreamServices& services, Wish wish, SessionProvider::Terms terms,
          SessionProvider::Done done);
  ~Opening();
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;

  /// How long it may wait for its turn.
  static constexpr std::chrono::seconds kPatience{10};

 private:
  void await_turn();
  void line_too_long();
  void prepare(login::Fresh fresh);
  void prepared(base::Result<Preparation> preparation, login::Steps steps);
  void dial();
  void connected(net::Dialer::Connected connection);
  void handshake_ended(HandshakeDriver::Outcome outcome);
  [[nodiscard]] UpstreamFailure explain(HandshakeDriver::Outcome outcome) const;
  void out_of_time();
  void succeed();
  void fail(UpstreamFailure failure);
  void finish(SessionProvider::Result result);
  void end_steps(const std::optional<base::Error>& why = std::nullopt);

  net::EventLoop& loop_;
  const UpstreamServices& services_;
  const Wish wish_;
  const SessionProvider::Terms terms_;
  SessionProvider::Done done_;

  const base::SteadyTime patience_ends_;
  base::SteadyTime deadline_{};  ///< from its turn on
  net::Timer timer_;             ///< the limit of what is waited for, or the call of done_
  const net::Mailbox mailbox_;

  // What is going on: one of these at a time.
  std::unique_ptr<LoginRate::Place> place_;
  base::CallPool::Pending call_;
  std::optional<net::Dialer> dialer_;
  std::unique_ptr<LoginHandshake> handshake_;  ///< of the driver
  std::optional<HandshakeDriver> driver_;

  std::optional<Preparation> preparation_;
  std::string address_;  ///< that is, or was last, dialled
  bool retried_ = false;
  bool over_ = false;  ///< done_ is about to be called

  LoginFacts facts_;
  login::Steps steps_;
  base::SteadyTime step_began_{};
};

}  // namespace rolegate::upstream

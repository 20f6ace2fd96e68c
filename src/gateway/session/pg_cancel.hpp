#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/cancel_keys.hpp"
#include "gateway/session/session_services.hpp"
#include "net/dialer.hpp"
#include "net/event_loop.hpp"
#include "net/stream.hpp"
#include "net/timer.hpp"
#include "net/watch.hpp"
#include "upstream/handshake_driver.hpp"
#include "upstream/pg_handshake.hpp"

namespace rolegate::gateway {

/// A CancelRequest that a client has sent. Only a key that was given out leads anywhere; which session it
/// belongs to is all that it says. The request goes, when it is its turn, to the very server that runs the
/// session, inside TLS, and has come when that closes the connection. For the loop's thread.
class PgCancel final : private net::Watcher {
 public:
  /// `group`: of the client's address, whose failures a wrong key is one of. `done` is called by the loop,
  /// once, when there is nothing more to do, unless this is destroyed before.
  PgCancel(net::EventLoop& loop, SessionServices& services, const std::string& group,
           const wire::pg::CancelKey& key, std::move_only_function<void()> done);
  ~PgCancel() override;
  PgCancel(const PgCancel&) = delete;
  PgCancel& operator=(const PgCancel&) = delete;

 private:
  /// How long the server may take to be reached, and to take it.
  static constexpr std::chrono::seconds kTime{10};

  void take_turn(const std::string& group, const wire::pg::CancelKey& key);
  void dial();
  void send(net::Stream stream);
  void wait_for_close();
  void ready(std::uint32_t events) override;
  void end();
  void fail();
  void give_back_turn();

  net::EventLoop& loop_;
  SessionServices& services_;
  std::move_only_function<void()> done_;
  std::optional<CancelTarget> target_;
  std::optional<std::string> turn_;  ///< of services_.cancel_turns, to be given back
  net::Timer timer_;                 ///< until its turn, then for the server
  std::unique_ptr<upstream::PgCancelHandshake> handshake_;
  std::unique_ptr<net::Dialer> dialer_;
  std::unique_ptr<upstream::HandshakeDriver> driver_;
  net::Stream stream_;
  std::optional<net::Watch> watch_;
};

}  // namespace rolegate::gateway

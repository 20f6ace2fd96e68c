#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "net/event_loop.hpp"
#include "net/stream.hpp"
#include "net/timer.hpp"
#include "net/watch.hpp"
#include "upstream/handshake.hpp"
#include "upstream/tls_target.hpp"

namespace rolegate::upstream {

/// Runs a handshake over a connection: sends, waits, receives, starts TLS. Has no deadline of its own.
class HandshakeDriver final : private net::Watcher {
 public:
  enum class Outcome {
    ready,
    failed,      ///< the machine says so
    tls_failed,  ///< stream().why() and refused_certificate()
    lost,        ///< the connection ended: stream().why(), empty for a plain end
  };
  /// Called once, by the loop, unless the driver is destroyed before; may destroy it.
  using Done = std::move_only_function<void(Outcome)>;

  /// `handshake` outlives this. Nothing happens before start().
  HandshakeDriver(net::EventLoop& loop, net::Stream stream, Handshake& handshake, TlsTarget tls, Done done);
  ~HandshakeDriver() override;
  HandshakeDriver(const HandshakeDriver&) = delete;
  HandshakeDriver& operator=(const HandshakeDriver&) = delete;

  void start();

  [[nodiscard]] const net::Stream& stream() const { return stream_; }
  /// When TLS was there; nothing: it is not yet. Of the real clock, as all times that are only measured.
  [[nodiscard]] std::optional<base::SteadyTime> tls_done_at() const { return tls_done_at_; }
  /// Anything at all has come from the peer.
  [[nodiscard]] bool heard() const { return heard_; }
  /// The connection, no longer watched. After `ready`.
  [[nodiscard]] net::Stream take_stream() { return std::move(stream_); }

 private:
  void ready(std::uint32_t events) override;
  void advance();
  [[nodiscard]] bool send_output();
  [[nodiscard]] bool continue_tls();
  [[nodiscard]] bool waits_for(net::Stream::Io io);
  void finish(Outcome outcome);

  net::EventLoop& loop_;
  net::Stream stream_;
  Handshake& handshake_;
  const TlsTarget tls_;
  Done done_;
  Handshake::Event event_ = Handshake::Event::more;
  std::string output_;
  std::size_t sent_ = 0;
  std::optional<base::SteadyTime> tls_done_at_;
  bool heard_ = false;
  net::Watch watch_;
  net::Timer turn_;  ///< to go on, or to call back
};

}  // namespace rolegate::upstream

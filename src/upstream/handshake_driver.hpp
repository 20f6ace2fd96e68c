#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "login/login.hpp"
#include "net/event_loop.hpp"
#include "net/stream.hpp"
#include "upstream/ca.hpp"

namespace rolegate::upstream {

/// Why a database did not let a login in.
struct UpstreamFailure {
  base::Error error;
  std::string said = {};         ///< the database's own words, fit to print; empty where the error holds them
  std::string sqlstate = {};     ///< the database's own, when it gave one
  std::uint16_t mysql_code = 0;  ///< likewise
};

/// A conversation with a database as a state machine of wire/ sees it, whatever its protocol.
class Handshake {
 public:
  enum class Event { more, start_tls, ready, failed };
  virtual ~Handshake() = default;
  virtual Event receive(std::string_view bytes) = 0;
  virtual Event tls_started(const net::Stream& stream) = 0;
  [[nodiscard]] virtual std::string take_output() = 0;
  /// After failed.
  [[nodiscard]] virtual UpstreamFailure failure(const login::Login& login,
                                                const TrustedCertificates& trusted) const = 0;
  /// When the connection ends or stalls on its own: whether the login had begun (else TLS had not).
  [[nodiscard]] virtual bool server_speaks_first() const { return false; }
};

/// The same event of a ClientLogin of either protocol.
template <typename MachineEvent>
[[nodiscard]] Handshake::Event handshake_event(MachineEvent event) {
  switch (event) {
    case MachineEvent::more:
      return Handshake::Event::more;
    case MachineEvent::start_tls:
      return Handshake::Event::start_tls;
    case MachineEvent::ready:
      return Handshake::Event::ready;
    case MachineEvent::failed:
      break;
  }
  return Handshake::Event::failed;
}

/// What TLS is made with on the way to a database.
struct TlsTarget {
  net::SslContextPtr context;
  std::string name;  ///< the endpoint
  bool check_name = true;
};

/// Runs a handshake over a connection: sends, waits, receives, starts TLS. Calls back once, unless it is
/// destroyed before; the callback may destroy it. Has no deadline of its own.
class HandshakeDriver final : private net::Watcher {
 public:
  enum class Outcome {
    ready,
    failed,      ///< the machine says so: Handshake::failure()
    tls_failed,  ///< stream().why() and refused_certificate()
    lost,        ///< the connection ended: stream().why(), empty for a plain end
  };
  using Done = std::move_only_function<void(Outcome)>;

  /// `handshake` outlives this. Nothing happens before start().
  HandshakeDriver(net::EventLoop& loop, net::Stream stream, Handshake& handshake, TlsTarget tls, Done done);
  ~HandshakeDriver() override;

  void start();
  /// Told when TLS begins and when it is done: for the steps.
  std::move_only_function<void(bool finished)> on_tls;

  [[nodiscard]] net::Stream& stream() { return stream_; }
  [[nodiscard]] bool tls_begun() const { return stream_.in_tls(); }
  [[nodiscard]] bool tls_done() const { return tls_done_; }
  /// Anything at all has come from the peer.
  [[nodiscard]] bool heard() const { return heard_; }
  /// The connection, no longer watched. After `ready`.
  [[nodiscard]] net::Stream take_stream();

 private:
  void ready(std::uint32_t events) override;
  void advance();
  [[nodiscard]] bool send_output();
  [[nodiscard]] bool begin_tls();
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
  std::uint32_t waiting_ = 0;
  net::EventLoop::TimerId again_{};
  bool tls_done_ = false;
  bool heard_ = false;
};

}  // namespace rolegate::upstream

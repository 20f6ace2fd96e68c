#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "net/event_loop.hpp"
#include "net/stream.hpp"
#include "net/timer.hpp"
#include "net/watch.hpp"

namespace rolegate::gateway {

/// The client's end of a session while nothing is relayed: what it is told goes out, what it says is read,
/// TLS begins when it is due. Its owner asks for the next event until there is none, and is woken when there
/// may be one again.
///
/// Reads once after each time it has woken its owner: a client that always has more to say has its turn like
/// everybody else on this loop.
class ClientIo final : private net::Watcher {
 public:
  enum class Event {
    waiting,      ///< nothing can be done before the owner is woken
    readable,     ///< all is said, and the client may have answered: read()
    tls_wanted,   ///< all is said, and TLS is to begin: start_tls()
    tls_started,  ///< its handshake is done
    tls_failed,   ///< stream().why(), refused_certificate()
    gone,         ///< the client has closed its side, or its connection is lost
  };
  enum class Hearing {
    all,
    leaving,  ///< only that the client goes; what it says has to wait
    nothing,  ///< what it does, its going away included, changes nothing
  };

  /// `wake` is called by the loop, and may destroy this.
  ClientIo(net::EventLoop& loop, net::Stream stream, std::move_only_function<void()> wake);
  ~ClientIo() override;
  ClientIo(const ClientIo&) = delete;
  ClientIo& operator=(const ClientIo&) = delete;

  [[nodiscard]] Event next();
  /// After `readable`: what the client has said, `most` bytes of it. Nothing: it has said nothing yet, or
  /// never will; next() knows. The bytes are gone with the next call of anything that reads on this loop.
  [[nodiscard]] std::optional<std::string_view> read(std::size_t most);
  /// Wipes what was read last: a password may have been in it.
  void wipe_read();

  void send(std::string bytes);
  /// TLS begins as soon as all is said.
  void want_tls() { tls_pending_ = true; }
  /// After `tls_wanted`. False: it cannot.
  [[nodiscard]] bool start_tls(const net::SslContextPtr& context);
  /// TLS is to begin, or has begun and not come about: nothing that the client could read can be said.
  [[nodiscard]] bool is_between_tls() const { return tls_pending_; }
  void hear(Hearing what) { hearing_ = what; }
  /// Says, behind what is still to be sent, that nothing more will come.
  void close_writing();

  [[nodiscard]] net::Stream& stream() { return stream_; }
  [[nodiscard]] bool is_open() const { return stream_.is_open(); }

  struct Released {
    net::Stream stream;
    std::string unsent;
  };
  /// Gives the connection away: to a relay. Nothing may be asked of this until it has it back.
  [[nodiscard]] Released release();
  void take_back(net::Stream stream);

 private:
  void ready(std::uint32_t events) override;
  void wake();
  [[nodiscard]] Event flush();
  [[nodiscard]] Event continue_tls();
  [[nodiscard]] bool waits_for(net::Stream::Io io);
  void want(std::uint32_t events);

  net::EventLoop& loop_;
  std::move_only_function<void()> wake_;
  net::Stream stream_;
  std::optional<net::Watch> watch_;  ///< of stream_'s descriptor
  net::Timer again_;
  std::string output_;
  std::size_t sent_ = 0;
  std::size_t read_ = 0;          ///< of the loop's buffer
  std::uint32_t read_wants_ = 0;  ///< what the latest read waits for
  Hearing hearing_ = Hearing::all;
  bool tls_pending_ = false;
  bool has_turn_ = false;  ///< to go on with TLS
  bool has_read_ = false;  ///< since the owner was woken
  bool closing_ = false;   ///< once all is said
  bool gone_ = false;
};

}  // namespace rolegate::gateway

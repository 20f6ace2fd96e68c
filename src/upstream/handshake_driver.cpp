#include "upstream/handshake_driver.hpp"

#include <chrono>
#include <utility>

#include <openssl/crypto.h>

#include "base/secret.hpp"

namespace rolegate::upstream {

HandshakeDriver::HandshakeDriver(net::EventLoop& loop, net::Stream stream, Handshake& handshake,
                                 TlsTarget tls, Done done)
    : loop_(loop),
      stream_(std::move(stream)),
      handshake_(handshake),
      tls_(std::move(tls)),
      done_(std::move(done)),
      watch_(loop, stream_.descriptor(), *this),
      turn_(loop) {}

HandshakeDriver::~HandshakeDriver() { base::wipe(output_); }

void HandshakeDriver::start() {
  event_ = handshake_.receive({});
  advance();
}

void HandshakeDriver::ready(std::uint32_t) { advance(); }

/// One step after the other until there is something to wait for. TLS, once begun, goes first; then what has
/// to be sent; then what the machine wanted. Reads once: a peer that always has more to say has its turn like
/// everybody else on this loop.
void HandshakeDriver::advance() {
  for (bool has_read = false;;) {
    if (stream_.in_tls() && !tls_done_at_ && !continue_tls()) return;
    if (!send_output()) return;
    switch (event_) {
      case Handshake::Event::ready:
        return finish(Outcome::ready);
      case Handshake::Event::failed:
        return finish(Outcome::failed);
      case Handshake::Event::start_tls:
        if (!stream_.start_tls_client(tls_.context, tls_.name, tls_.check_name)) {
          return finish(Outcome::tls_failed);
        }
        continue;
      case Handshake::Event::more:
        break;
    }
    if (has_read) {
      static_cast<void>(waits_for(net::Stream::Io::wants_read));
      // What TLS holds no wait would tell of.
      if (stream_.holds_bytes()) turn_.later([this] { advance(); });
      return;
    }
    // In the clear, too, as much as there is: whether anything of it should have come inside TLS, the machine
    // says.
    const auto [io, bytes] = stream_.read(loop_.buffer());
    if (waits_for(io)) return;
    if (io != net::Stream::Io::done) return finish(Outcome::lost);
    heard_ = true;
    event_ = handshake_.receive({loop_.buffer().data(), bytes});
    ::OPENSSL_cleanse(loop_.buffer().data(), bytes);
    has_read = true;
  }
}

bool HandshakeDriver::send_output() {
  if (sent_ == output_.size()) {
    base::wipe(output_);
    output_ = handshake_.take_output();
    sent_ = 0;
  }
  if (output_.empty()) return true;
  const auto [io, bytes] = stream_.write(std::string_view(output_).substr(sent_));
  sent_ += bytes;
  if (io == net::Stream::Io::done) {
    base::wipe(output_);
    output_.clear();
    sent_ = 0;
    return true;
  }
  if (waits_for(io)) return false;
  finish(event_ == Handshake::Event::failed ? Outcome::failed : Outcome::lost);
  return false;
}

bool HandshakeDriver::continue_tls() {
  const net::Stream::Io io = stream_.handshake();
  if (waits_for(io)) return false;
  if (io != net::Stream::Io::done) {
    finish(Outcome::tls_failed);
    return false;
  }
  tls_done_at_ = std::chrono::steady_clock::now();
  event_ = handshake_.tls_started(stream_);
  return true;
}

/// Waits for what would let it go on after `io`. False: nothing would.
bool HandshakeDriver::waits_for(net::Stream::Io io) {
  const std::uint32_t events = net::Stream::events_for(io);
  if (events != 0) watch_.want(events);
  return events != 0;
}

void HandshakeDriver::finish(Outcome outcome) {
  watch_.want(0);
  turn_.later([this, outcome] {
    Done done = std::move(done_);
    done(outcome);
  });
}

}  // namespace rolegate::upstream

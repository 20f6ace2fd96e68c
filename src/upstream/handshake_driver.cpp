#include "upstream/handshake_driver.hpp"

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
      done_(std::move(done)) {}

HandshakeDriver::~HandshakeDriver() {
  if (waiting_ != 0) loop_.remove(stream_.descriptor(), *this);
  loop_.cancel(again_);
  base::wipe(output_);
}

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
    if (stream_.in_tls() && !tls_done_) {
      if (!continue_tls()) return;
    }
    if (!send_output()) return;
    switch (event_) {
      case Handshake::Event::ready:
        return finish(Outcome::ready);
      case Handshake::Event::failed:
        return finish(Outcome::failed);
      case Handshake::Event::start_tls:
        if (!begin_tls()) return finish(Outcome::tls_failed);
        continue;
      case Handshake::Event::more:
        break;
    }
    if (has_read) {
      static_cast<void>(waits_for(net::Stream::Io::wants_read));
      // What TLS holds no wait would tell of.
      loop_.cancel(again_);
      if (stream_.holds_bytes()) again_ = loop_.in(std::chrono::milliseconds(0), [this] { advance(); });
      return;
    }
    // Byte for byte while in the clear: what is read here belongs to the machine, and it says whether
    // anything came that TLS should have had.
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

bool HandshakeDriver::begin_tls() {
  if (!stream_.start_tls_client(tls_.context, tls_.name, tls_.check_name)) return false;
  if (on_tls) on_tls(false);
  return true;
}

bool HandshakeDriver::continue_tls() {
  const net::Stream::Io io = stream_.handshake();
  if (waits_for(io)) return false;
  if (io != net::Stream::Io::done) {
    finish(Outcome::tls_failed);
    return false;
  }
  tls_done_ = true;
  if (on_tls) on_tls(true);
  event_ = handshake_.tls_started(stream_);
  return true;
}

/// Waits for what would let it go on after `io`. False: nothing would.
bool HandshakeDriver::waits_for(net::Stream::Io io) {
  const std::uint32_t events = net::Stream::events_for(io);
  if (events == 0) return false;
  if (waiting_ == events) return true;
  if (waiting_ == 0) {
    loop_.add(stream_.descriptor(), events, *this);
  } else {
    loop_.modify(stream_.descriptor(), events, *this);
  }
  waiting_ = events;
  return true;
}

void HandshakeDriver::finish(Outcome outcome) {
  if (std::exchange(waiting_, 0U) != 0) loop_.remove(stream_.descriptor(), *this);
  loop_.cancel(again_);
  Done done = std::move(done_);
  done(outcome);
}

net::Stream HandshakeDriver::take_stream() { return std::move(stream_); }

}  // namespace rolegate::upstream

#include "gateway/session/client_io.hpp"

#include <algorithm>
#include <utility>

#include <openssl/crypto.h>
#include <sys/epoll.h>

#include "base/secret.hpp"

namespace rolegate::gateway {

ClientIo::ClientIo(net::EventLoop& loop, net::Stream stream, std::move_only_function<void()> wake)
    : loop_(loop), wake_(std::move(wake)), stream_(std::move(stream)), again_(loop) {}

ClientIo::~ClientIo() { base::wipe(output_); }

void ClientIo::ready(std::uint32_t events) {
  if (hearing_ == Hearing::leaving && (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) gone_ = true;
  wake();
}

void ClientIo::wake() {
  has_read_ = false;
  wake_();
}

ClientIo::Event ClientIo::next() {
  if (std::exchange(gone_, false)) return Event::gone;
  if (!output_.empty()) {
    const Event sent = flush();
    if (sent != Event::readable) return sent;
  }
  if (hearing_ != Hearing::all) {
    want(hearing_ == Hearing::leaving ? EPOLLRDHUP : 0U);
    return Event::waiting;
  }
  if (tls_pending_) return continue_tls();
  if (!has_read_) return Event::readable;
  want(read_wants_);
  again_.cancel();
  // What TLS holds no wait would tell of.
  if (stream_.holds_bytes()) again_.later([this] { wake(); });
  return Event::waiting;
}

ClientIo::Event ClientIo::flush() {
  const auto [io, bytes] = stream_.write(std::string_view(output_).substr(sent_));
  sent_ += bytes;
  if (waits_for(io)) return Event::waiting;
  const bool lost = io != net::Stream::Io::done;
  if (lost && hearing_ != Hearing::nothing) return Event::gone;
  output_.clear();
  sent_ = 0;
  if (closing_) stream_.close_writing();
  return Event::readable;
}

ClientIo::Event ClientIo::continue_tls() {
  if (!stream_.in_tls()) return Event::tls_wanted;
  if (!std::exchange(has_turn_, false)) {
    want(0);
    again_.in_turn([this] {
      has_turn_ = true;
      wake();
    });
    return Event::waiting;
  }
  const net::Stream::Io io = stream_.handshake();
  if (waits_for(io)) return Event::waiting;
  if (io == net::Stream::Io::closed || (io == net::Stream::Io::failed && stream_.is_lost()))
    return Event::gone;
  if (io == net::Stream::Io::failed) return Event::tls_failed;
  tls_pending_ = false;
  return Event::tls_started;
}

std::optional<std::string_view> ClientIo::read(std::size_t most) {
  has_read_ = true;
  const std::span<char> room = loop_.buffer();
  const auto [io, bytes] = stream_.read(room.first(std::min(room.size(), most)));
  const std::uint32_t events = net::Stream::events_for(io);
  read_wants_ = events != 0 ? events : static_cast<std::uint32_t>(EPOLLIN);
  gone_ = io == net::Stream::Io::closed || io == net::Stream::Io::failed;
  read_ = io == net::Stream::Io::done ? bytes : 0;
  if (io != net::Stream::Io::done) return std::nullopt;
  return std::string_view(room.data(), bytes);
}

void ClientIo::wipe_read() { ::OPENSSL_cleanse(loop_.buffer().data(), read_); }

void ClientIo::send(std::string bytes) {
  if (output_.empty()) {
    output_ = std::move(bytes);
  } else {
    output_ += bytes;
  }
}

bool ClientIo::start_tls(const net::SslContextPtr& context) { return stream_.start_tls_server(context); }

void ClientIo::close_writing() {
  closing_ = true;
  if (output_.empty()) stream_.close_writing();
}

ClientIo::Released ClientIo::release() {
  watch_.reset();
  again_.cancel();
  return {std::move(stream_), std::exchange(output_, {}).substr(std::exchange(sent_, 0))};
}

void ClientIo::take_back(net::Stream stream) {
  stream_ = std::move(stream);
  has_read_ = false;
}

/// False: nothing would let it go on after `io`.
bool ClientIo::waits_for(net::Stream::Io io) {
  const std::uint32_t events = net::Stream::events_for(io);
  if (events != 0) want(events);
  return events != 0;
}

void ClientIo::want(std::uint32_t events) {
  net::Watcher& self = *this;
  if (!watch_) watch_.emplace(loop_, stream_.descriptor(), self);
  watch_->want(events);
}

}  // namespace rolegate::gateway

#include "gateway/session/pg_cancel.hpp"

#include <utility>

#include <sys/epoll.h>

namespace rolegate::gateway {

PgCancel::PgCancel(net::EventLoop& loop, SessionServices& services, const std::string& group,
                   const wire::pg::CancelKey& key, std::move_only_function<void()> done)
    : loop_(loop),
      services_(services),
      done_(std::move(done)),
      target_(services.cancel_keys.find(key)),
      timer_(loop) {
  if (target_ && target_->key.process_id != 0) {
    take_turn(group, key);
    return;
  }
  // The key is right, and its server gave none and cannot be asked; or its session has just ended, since
  // pools cancel what is over already. A wrong one is a failed proof of its address, whose logins are slowed;
  // cancels themselves are not, because many drivers do not wait for them.
  if (!target_ && !services.cancel_keys.has_ended(key)) {
    services.stats.refused(Refusal::cancel_key);
    services.slowdown.failed(group, loop.now());
  }
  end();
}

PgCancel::~PgCancel() { give_back_turn(); }

void PgCancel::take_turn(const std::string& group, const wire::pg::CancelKey& key) {
  const std::string session = std::to_string(key.process_id) + key.secret;
  const auto wait = services_.cancel_turns.take(session, group, loop_.now());
  if (!wait) {
    services_.stats.refused(Refusal::cancel_limit);
    return end();
  }
  turn_ = session;
  timer_.in(*wait, [this] { dial(); });
}

void PgCancel::dial() {
  services_.stats.cancels.fetch_add(1);
  timer_.in(kTime, [this] { fail(); });
  dialer_ = std::make_unique<net::Dialer>(
      loop_, std::vector{target_->address}, target_->port, loop_.now() + kTime,
      [this](std::expected<net::Dialer::Connected, net::Dialer::Unreachable> connection) {
        if (!connection) return fail();
        send(net::Stream(std::move(connection->socket)));
      });
}

void PgCancel::send(net::Stream stream) {
  handshake_ = std::make_unique<upstream::PgCancelHandshake>(target_->key);
  driver_ =
      std::make_unique<upstream::HandshakeDriver>(loop_, std::move(stream), *handshake_, target_->tls,
                                                  [this](upstream::HandshakeDriver::Outcome outcome) {
                                                    if (outcome != upstream::HandshakeDriver::Outcome::ready)
                                                      return fail();
                                                    wait_for_close();
                                                  });
  driver_->start();
}

/// The server closes when the signal is sent; a client that waits for the same knows then that it was.
void PgCancel::wait_for_close() {
  stream_ = driver_->take_stream();
  net::Watcher& self = *this;
  watch_.emplace(loop_, stream_.descriptor(), self);
  watch_->want(EPOLLIN);
}

void PgCancel::ready(std::uint32_t) {
  if (stream_.read(loop_.buffer()).io == net::Stream::Io::wants_read) return;
  end();
}

void PgCancel::fail() {
  if (services_.cancel_warning.is_due(loop_.now())) {
    services_.log.warning("a CancelRequest could not be passed on: its database was not reached");
  }
  end();
}

/// Others of its session may have their turn at once; whoever waits for this one is told by the loop. What
/// the server still says comes too late.
void PgCancel::end() {
  watch_.reset();
  driver_.reset();
  dialer_.reset();
  stream_.close();
  give_back_turn();
  timer_.later([this] {
    auto done = std::move(done_);
    done();
  });
}

void PgCancel::give_back_turn() {
  if (turn_) services_.cancel_turns.give_back(*std::exchange(turn_, std::nullopt));
}

}  // namespace rolegate::gateway

#include "gateway/session/relay.hpp"

#include <utility>

#include <openssl/crypto.h>
#include <sys/epoll.h>

namespace rolegate::gateway {

Relay::Relay(net::EventLoop& loop, net::Stream client, net::Stream database, Conversation& conversation,
             DatabaseStats& stats, Done done)
    : loop_(loop),
      client_(*this, std::move(client)),
      database_(*this, std::move(database)),
      up_{client_, database_, stats.bytes_to_database, {}, 0, 0, false, false},
      down_{database_, client_, stats.bytes_to_client, {}, 0, 0, false, false},
      conversation_(conversation),
      done_(std::move(done)),
      last_activity_(loop.now()),
      linger_(loop),
      again_(loop),
      told_(loop) {}

void Relay::start(std::string_view to_client, std::string_view from_client) {
  if (!put(down_, to_client) || !forward_up(from_client)) return;
  // Either side may have sent something already that lies inside TLS, where no wait would tell of it.
  up_.more = client_.stream.holds_bytes();
  down_.more = database_.stream.holds_bytes();
  watch();
}

net::Stream Relay::take_client() {
  finished_ = true;
  client_.watch.want(0);
  database_.watch.want(0);
  database_.stream.close();
  return std::move(client_.stream);
}

void Relay::ready(Side& side, std::uint32_t events) {
  Direction& in = &side == &client_ ? up_ : down_;
  Direction& out = &side == &client_ ? down_ : up_;
  const bool readable = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
  const bool writable = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
  constexpr std::uint32_t kLeaves = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  if (&side == &client_ && (events & kLeaves) != 0 && !held_.empty() &&
      !std::exchange(client_leaves_, true)) {
    linger();  // what it has said still has its turn, if that comes in time
  }
  if ((writable || (readable && side.write_wants_read)) && !out.pending.empty()) pump(out);
  if (!finished_ && (readable || (writable && side.read_wants_write)) && may_read(in)) pump(in);
  if (!finished_) watch();
}

/// Reads once: whoever always has more to say has its turn like everybody else on this loop.
void Relay::pump(Direction& direction) {
  if (!direction.pending.empty() && !flush(direction)) return;
  if (&direction == &up_ && !held_.empty() && !forward_up(std::exchange(held_, {}))) return;
  if (!may_read(direction)) return;
  Side& from = direction.from;
  const auto [io, bytes] = from.stream.read(loop_.buffer());
  from.read_wants_write = io == net::Stream::Io::wants_write;
  // A wait would tell of what is still in the socket, but not of what TLS has taken out of it.
  direction.more = io == net::Stream::Io::done && from.stream.holds_bytes();
  switch (io) {
    case net::Stream::Io::wants_read:
    case net::Stream::Io::wants_write:
      return;
    case net::Stream::Io::closed:
      return source_closed(direction);
    case net::Stream::Io::failed:
      return read_failed(from);
    case net::Stream::Io::done:
      break;
  }
  last_activity_ = loop_.now();
  static_cast<void>(forward(direction, {loop_.buffer().data(), bytes}));
}

/// What was read is passed on before more is read; and a client that does not read is not read from.
bool Relay::may_read(const Direction& direction) const {
  const bool client_waits = !held_.empty() || !down_.pending.empty();
  return !direction.ended && direction.pending.empty() && !(client_waits && &direction == &up_);
}

bool Relay::forward(Direction& direction, std::string_view bytes) {
  return &direction == &up_ ? forward_up(bytes) : forward_down(bytes);
}

/// What the conversation, or the database, does not take yet is held.
bool Relay::forward_up(std::string_view bytes) {
  held_for_database_ = false;
  for (int changes = 0; !bytes.empty() && up_.pending.empty() && changes < kChangesAtOnce;) {
    const Conversation::Passed passed = conversation_.from_client(bytes);
    bytes.remove_prefix(passed.consumed);
    if (!passed.as_is.empty() && !put(up_, passed.as_is)) return false;
    if (!passed.instead.empty() && !put(up_, passed.instead)) return false;
    if (!passed.instead.empty()) ++changes;
    if (conversation_.is_stuck()) {
      finish(End::not_followed);
      return false;
    }
    if (auto login = conversation_.take_change_user()) {
      held_ = std::move(*login);
      held_ += bytes;
      // A password may have come this way.
      ::OPENSSL_cleanse(loop_.buffer().data(), loop_.buffer().size());
      finish(End::user_changes);
      return false;
    }
    held_for_database_ = passed.consumed == 0;
    if (held_for_database_) break;
  }
  if (!bytes.empty() || !held_.empty()) held_ = bytes;
  return true;
}

bool Relay::forward_down(std::string_view bytes) {
  conversation_.from_database(bytes);
  return put(down_, bytes) && (held_.empty() || forward_up(std::exchange(held_, {})));
}

/// Writes, and keeps what does not fit. False when that ended the session.
bool Relay::put(Direction& direction, std::string_view bytes) {
  direction.bytes += bytes.size();
  direction.counter.fetch_add(bytes.size(), std::memory_order_relaxed);
  std::size_t written = 0;
  if (direction.pending.empty()) {
    const auto [io, count] = direction.to.stream.write(bytes);
    if (io == net::Stream::Io::done) return true;
    if (io == net::Stream::Io::failed || io == net::Stream::Io::closed) {
      write_failed(direction.to);
      return false;
    }
    direction.to.write_wants_read = io == net::Stream::Io::wants_read;
    written = count;
  }
  direction.pending.append(bytes.substr(written));
  return true;
}

/// Writes what is pending. False while something is left, or when that ended the session.
bool Relay::flush(Direction& direction) {
  const auto [io, count] =
      direction.to.stream.write(std::string_view(direction.pending).substr(direction.sent));
  direction.sent += count;
  direction.to.write_wants_read = io == net::Stream::Io::wants_read;
  if (io == net::Stream::Io::failed || io == net::Stream::Io::closed) {
    write_failed(direction.to);
    return false;
  }
  if (io != net::Stream::Io::done) return false;
  std::string().swap(direction.pending);  // an assignment would keep the memory
  direction.sent = 0;
  return true;
}

void Relay::source_closed(Direction& direction) {
  direction.ended = true;
  if (&direction == &down_) return finish(End::database_closed);
  client_ended_ = true;
  database_.stream.cut_writing();
  linger();
}

void Relay::linger() {
  linger_.in(kLinger, [this] { finish(End::client_closed); });
}

void Relay::read_failed(const Side& side) {
  finish(&side == &client_ ? End::client_lost : End::database_lost);
}

/// A database that cannot be written to any more has often said why (57P01, say): that goes to the client
/// first.
void Relay::write_failed(const Side& side) {
  if (&side == &client_) return finish(End::client_lost);
  up_.ended = true;
  if (!std::exchange(draining_, true) && may_read(down_)) pump(down_);
  finish(End::database_lost);
}

/// Something of it is here already, that no wait would tell of.
bool Relay::has_more(const Direction& direction) const {
  if (&direction == &up_ && !held_.empty()) return !held_for_database_ && up_.pending.empty() && !up_.ended;
  return direction.more && may_read(direction);
}

void Relay::watch() {
  client_.watch.want(wanted(client_, down_, up_));
  database_.watch.want(wanted(database_, up_, down_));
  if ((has_more(up_) || has_more(down_)) && !std::exchange(goes_on_, true)) {
    again_.later([this] { go_on(); });
  }
}

void Relay::go_on() {
  goes_on_ = false;
  for (Direction* direction : {&up_, &down_}) {
    if (!finished_ && has_more(*direction)) pump(*direction);
  }
  if (!finished_) watch();
}

std::uint32_t Relay::wanted(const Side& side, const Direction& out, const Direction& in) const {
  std::uint32_t events = 0;
  if (may_read(in) || side.write_wants_read) events |= EPOLLIN;
  if ((!out.pending.empty() && !side.write_wants_read) || side.read_wants_write) events |= EPOLLOUT;
  // It is not read from, and would be gone without anybody noticing.
  if (&side == &client_ && !held_.empty() && !client_leaves_) events |= EPOLLRDHUP;
  return events;
}

void Relay::finish(End end) {
  if (std::exchange(finished_, true)) return;
  client_.watch.want(0);
  database_.watch.want(0);
  // After the client's goodbye it does not matter how the database ends.
  if (client_ended_ && (end == End::database_closed || end == End::database_lost)) end = End::client_closed;
  told_.later([this, end] {
    Done done = std::move(done_);
    done(end);
  });
}

}  // namespace rolegate::gateway

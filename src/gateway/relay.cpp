#include "gateway/relay.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <sys/epoll.h>

namespace rolegate::gateway {

Relay::Relay(EventLoop& loop, Stream client, Stream database, ClientFilter* filter, DatabaseStats& stats,
             Done done)
    : loop_(loop),
      client_(*this, std::move(client)),
      database_(*this, std::move(database)),
      up_{client_, database_, stats.bytes_to_database, {}, 0, 0, false, {}},
      down_{database_, client_, stats.bytes_to_client, {}, 0, 0, false, {}},
      filter_(filter),
      done_(std::move(done)),
      last_activity_(loop.now()) {}

Relay::~Relay() {
  for (Side* side : {&client_, &database_}) {
    if (side->watched != 0) loop_.remove(side->stream.descriptor(), *side);
  }
  loop_.cancel(linger_);
}

void Relay::start(std::string_view to_client, std::string_view to_database) {
  down_.tail.note(to_client);
  up_.tail.note(to_database);
  if (!put(down_, to_client)) return;
  if (!to_database.empty() && !forward(up_, to_database)) return;
  // Either side may have sent something already that lies inside TLS, where no wait would tell of it.
  if (client_.stream.holds_bytes()) pump(up_);
  if (!finished_ && database_.stream.holds_bytes()) pump(down_);
  watch();
}

Stream Relay::take_client() {
  finished_ = true;
  for (Side* side : {&client_, &database_}) {
    if (std::exchange(side->watched, 0U) != 0) loop_.remove(side->stream.descriptor(), *side);
  }
  database_.stream.close();
  return std::move(client_.stream);
}

void Relay::ready(Side& side, std::uint32_t events) {
  Direction& in = &side == &client_ ? up_ : down_;
  Direction& out = &side == &client_ ? down_ : up_;
  const bool readable = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
  const bool writable = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
  if ((writable || (readable && side.write_wants_read)) && !out.pending.empty()) pump(out);
  if (!finished_ && (readable || (writable && side.read_wants_write)) && in.pending.empty() && !in.ended)
    pump(in);
  if (!finished_) watch();
}

void Relay::pump(Direction& direction) {
  if (!flush(direction)) return;
  while (!direction.ended) {
    Side& from = direction.from;
    const auto [io, bytes] = from.stream.read(loop_.buffer());
    from.read_wants_write = io == Stream::Io::wants_write;
    switch (io) {
      case Stream::Io::wants_read:
      case Stream::Io::wants_write:
        return;
      case Stream::Io::closed:
        return source_closed(direction);
      case Stream::Io::failed:
        return read_failed(from);
      case Stream::Io::done:
        break;
    }
    last_activity_ = loop_.now();
    const std::string_view came(loop_.buffer().data(), bytes);
    direction.tail.note(came);
    awaits_answer_ = &direction == &up_;
    if (!forward(direction, came) || !direction.pending.empty()) return;
    // A wait would tell of what is still in the socket, but not of what TLS has taken out of it.
    if (!from.stream.holds_bytes()) return;
  }
}

bool Relay::forward(Direction& direction, std::string_view bytes) {
  return &direction == &up_ && filter_ != nullptr ? forward_filtered(bytes) : put(direction, bytes);
}

bool Relay::forward_filtered(std::string_view bytes) {
  while (!bytes.empty()) {
    ClientFilter::Passed passed = filter_->pass(bytes);
    bytes.remove_prefix(passed.consumed);
    if (!passed.as_is.empty() && !put(up_, passed.as_is)) return false;
    if (!passed.instead.empty() && !put(up_, passed.instead)) return false;
    if (!passed.answer.empty() && !put(down_, passed.answer)) return false;
  }
  return true;
}

/// Writes, and keeps what does not fit. False when that ended the session.
bool Relay::put(Direction& direction, std::string_view bytes) {
  direction.bytes += bytes.size();
  direction.counter.fetch_add(bytes.size(), std::memory_order_relaxed);
  std::size_t written = 0;
  if (direction.pending.empty()) {
    const auto [io, count] = direction.to.stream.write(bytes);
    if (io == Stream::Io::done) return true;
    if (io == Stream::Io::failed || io == Stream::Io::closed) {
      write_failed(direction.to);
      return false;
    }
    direction.to.write_wants_read = io == Stream::Io::wants_read;
    written = count;
  }
  direction.pending.append(bytes.substr(written));
  return true;
}

/// False while something is left, or when that ended the session.
bool Relay::flush(Direction& direction) {
  if (direction.pending.empty()) return true;
  const auto [io, count] =
      direction.to.stream.write(std::string_view(direction.pending).substr(direction.sent));
  direction.sent += count;
  direction.to.write_wants_read = io == Stream::Io::wants_read;
  if (io == Stream::Io::failed || io == Stream::Io::closed) {
    write_failed(direction.to);
    return false;
  }
  if (io != Stream::Io::done) return false;
  std::string().swap(direction.pending);  // an assignment would keep the memory
  direction.sent = 0;
  return true;
}

void Relay::source_closed(Direction& direction) {
  direction.ended = true;
  if (&direction == &down_) return finish(End::database_closed);
  client_ended_ = true;
  database_.stream.close_writing();
  linger_ = loop_.in(kLinger, [this] { finish(End::client_closed); });
}

void Relay::read_failed(const Side& side) {
  finish(&side == &client_ ? End::client_lost : End::database_lost);
}

/// A database that cannot be written to any more has often said why (57P01, say): that goes to the client
/// first.
void Relay::write_failed(const Side& side) {
  if (&side == &client_) return finish(End::client_lost);
  up_.ended = true;
  if (!std::exchange(draining_, true) && !down_.ended && down_.pending.empty()) pump(down_);
  finish(End::database_lost);
}

void Relay::Tail::note(std::string_view bytes) {
  if (bytes.size() >= bytes_.size()) {
    std::memcpy(bytes_.data(), bytes.data() + bytes.size() - bytes_.size(), bytes_.size());
    size_ = bytes_.size();
    return;
  }
  const std::size_t kept = std::min(size_, bytes_.size() - bytes.size());
  std::memmove(bytes_.data(), bytes_.data() + size_ - kept, kept);
  std::memcpy(bytes_.data() + kept, bytes.data(), bytes.size());
  size_ = kept + bytes.size();
}

void Relay::watch() {
  watch(client_, down_, up_);
  watch(database_, up_, down_);
}

void Relay::watch(Side& side, const Direction& out, const Direction& in) {
  std::uint32_t events = 0;
  if ((in.pending.empty() && !in.ended) || side.write_wants_read) events |= EPOLLIN;
  if ((!out.pending.empty() && !side.write_wants_read) || side.read_wants_write) events |= EPOLLOUT;
  if (events == side.watched) return;
  // Without any interest the kernel would still report a hang-up, again and again: better not to be asked at
  // all.
  if (events == 0) {
    loop_.remove(side.stream.descriptor(), side);
  } else if (side.watched == 0) {
    loop_.add(side.stream.descriptor(), events, side);
  } else {
    loop_.modify(side.stream.descriptor(), events, side);
  }
  side.watched = events;
}

void Relay::finish(End end) {
  if (std::exchange(finished_, true)) return;
  // After the client's goodbye it does not matter how the database ends.
  if (client_ended_ && (end == End::database_closed || end == End::database_lost)) end = End::client_closed;
  done_(end);
}

}  // namespace rolegate::gateway

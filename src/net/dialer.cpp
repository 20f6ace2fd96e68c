#include "net/dialer.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "net/socket_address.hpp"

namespace rolegate::net {
namespace {

void set(int socket, int level, int option, int value) {
  ::setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

Dialer::Dialer(EventLoop& loop, std::vector<std::string> addresses, std::uint16_t port,
               base::SteadyTime deadline, Done done)
    : loop_(loop),
      addresses_(std::move(addresses)),
      port_(port),
      deadline_(deadline),
      done_(std::move(done)),
      timer_(loop) {
  try_next();
}

void Dialer::try_next() {
  while (next_ < addresses_.size()) {
    const std::string& host = addresses_[next_];
    const auto address = numeric_address(host, port_);
    if (!address) {
      missed("it is no address", false);
      continue;
    }
    socket_ =
        base::Descriptor(::socket(address->get()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) {
      missed(std::generic_category().message(errno), false);
      continue;
    }
    set(socket_.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    if (::connect(socket_.get(), address->get(), address->size) != 0 && errno != EINPROGRESS) {
      missed(std::generic_category().message(errno), false);
      continue;
    }
    const auto share = (deadline_ - loop_.now()) / static_cast<long>(addresses_.size() - next_);
    timer_.at(loop_.now() + share, [this] {
      missed("timed out", true);
      try_next();
    });
    watch_.emplace(loop_, socket_.get(), static_cast<Watcher&>(*this));
    watch_->want(EPOLLOUT);
    return;
  }
  finish(std::unexpected(Unreachable{reasons_, all_timed_out_ && !addresses_.empty()}));
}

void Dialer::missed(std::string reason, bool timed_out) {
  watch_.reset();
  socket_.close();
  if (!reasons_.empty()) reasons_ += "; ";
  reasons_ += addresses_.size() == 1 ? reason : fmt::format("{}: {}", addresses_[next_], reason);
  all_timed_out_ = all_timed_out_ && timed_out;
  ++next_;
}

void Dialer::ready(std::uint32_t) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    missed(std::generic_category().message(error), false);
    try_next();
    return;
  }
  watch_.reset();
  keep_alive(socket_.get());
  finish(Connected{std::move(socket_), addresses_[next_]});
}

void Dialer::finish(std::expected<Connected, Unreachable> result) {
  timer_.later([this, result = std::move(result)]() mutable {
    Done done = std::move(done_);
    done(std::move(result));
  });
}

void keep_alive(int socket) {
  set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(socket, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(socket, IPPROTO_TCP, TCP_KEEPCNT, 6);
}

}  // namespace rolegate::net

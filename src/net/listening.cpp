#include "net/listening.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/connection_options.hpp"
#include "net/socket_address.hpp"
#include "net/socket_lock.hpp"
#include "net/unix_listening.hpp"

namespace rolegate::net {
namespace {

std::string what_to_do(int error) {
  switch (error) {
    case EADDRINUSE:
      return "Another program listens there, perhaps another gateway: stop it, or choose another port.";
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return "That is not an address of this machine: 127.0.0.1 is for programs on it, 0.0.0.0 for all "
             "networks.";
    case EACCES:
    case EPERM:
      return "Ports below 1024 need CAP_NET_BIND_SERVICE: choose another, or let systemd open the socket.";
    default:
      return {};
  }
}

/// An address may come to this machine later (DHCP), and descriptors or memory may become free.
bool may_work_later(int error) {
  return error == EADDRNOTAVAIL || error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

std::unexpected<base::Error> tcp_failed(const base::ListenAddress& address, int error) {
  return base::fail(
      ListenErrc::listen_failed,
      fmt::format("Cannot listen on {}: {}.", address.text, std::generic_category().message(error)),
      what_to_do(error), may_work_later(error));
}

base::Result<ListeningSocket> listen_on_tcp(const base::ListenAddress& address) {
  const auto where = numeric_address(address.host, address.port);
  if (!where) return tcp_failed(address, EADDRNOTAVAIL);
  base::Descriptor socket(::socket(where->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return tcp_failed(address, errno);
  const int on = 1;
  // A restart must not wait for the old connections' TIME_WAIT; and "[::]" means IPv6 and nothing else, so
  // that it can stand beside "0.0.0.0".
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      (where->storage.ss_family == AF_INET6 &&
       ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) ||
      ::bind(socket.get(), where->get(), where->size) != 0) {
    return tcp_failed(address, errno);
  }
  set_options_of_connections(socket.get());
  if (::listen(socket.get(), SOMAXCONN) != 0) return tcp_failed(address, errno);
  const auto real = own_address(socket.get());
  return ListeningSocket(std::move(socket), real ? real->text() : address.text, {}, false);
}

}  // namespace

ListeningSocket::ListeningSocket(base::Descriptor descriptor, std::string address, std::string unix_path,
                                 bool inherited, base::Descriptor lock)
    : descriptor_(std::move(descriptor)),
      lock_(std::move(lock)),
      address_(std::move(address)),
      unix_path_(std::move(unix_path)),
      inherited_(inherited) {
  struct stat file{};
  if (!is_unix() || ::lstat(unix_path_.c_str(), &file) != 0) return;
  device_ = file.st_dev;
  inode_ = file.st_ino;
}

ListeningSocket::ListeningSocket(ListeningSocket&&) noexcept = default;

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
  if (this == &other) return *this;
  remove_files();
  descriptor_ = std::move(other.descriptor_);
  lock_ = std::move(other.lock_);
  address_ = std::move(other.address_);
  unix_path_ = std::move(other.unix_path_);
  inherited_ = other.inherited_;
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

ListeningSocket::~ListeningSocket() { remove_files(); }

/// The file may have been replaced since, by somebody else's.
bool ListeningSocket::owns_file() const noexcept {
  struct stat file{};
  return ::lstat(unix_path_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_;
}

bool ListeningSocket::set_only_owner(bool only_owner) const noexcept {
  if (inherited_ || !is_unix() || !owns_file()) return true;
  return ::fchmodat(AT_FDCWD, unix_path_.c_str(), only_owner ? 0600 : 0777, AT_SYMLINK_NOFOLLOW) == 0;
}

void ListeningSocket::remove_files() noexcept {
  if (!descriptor_ || inherited_ || !is_unix()) return;  // also: moved from
  if (owns_file()) ::unlink(unix_path_.c_str());
  drop_socket_lock(lock_, unix_path_);
}

std::string_view code_name(ListenErrc code) {
  switch (code) {
    case ListenErrc::listen_failed:
      return "listen_failed";
    case ListenErrc::socket_path_unusable:
      return "socket_path_unusable";
  }
  return {};
}

base::Result<ListeningSocket> listen_at(const base::ListenAddress& address, Protocol protocol,
                                        bool only_owner) {
  return address.is_unix ? listen_on_unix(address, protocol, only_owner) : listen_on_tcp(address);
}

}  // namespace rolegate::net

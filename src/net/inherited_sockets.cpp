#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/connection_options.hpp"
#include "net/listening.hpp"
#include "net/socket_address.hpp"
#include "net/unix_listening.hpp"

namespace rolegate::net {
namespace {

/// SD_LISTEN_FDS_START: the first of them, after the three standard ones (sd_listen_fds(3)).
constexpr int kFirst = 3;

/// A variable's number; -1 when it is not set or no number.
int number_in(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return -1;
  const std::string_view digits(text);
  int number = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() ? number : -1;
}

int option(int socket, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(socket, SOL_SOCKET, name, &value, &size) == 0 ? value : -1;
}

/// systemd hands sockets over as its unit says: blocking, and open for children.
bool prepare(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags >= 0 && ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 &&
         ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0;
}

std::optional<ListeningSocket> inherited(int number) {
  base::Descriptor descriptor(number);
  if (option(number, SO_ACCEPTCONN) != 1 || option(number, SO_TYPE) != SOCK_STREAM || !prepare(number)) {
    return std::nullopt;
  }
  const auto address = own_address(number);
  if (!address) return std::nullopt;
  if (address->unix_path().empty()) set_options_of_connections(number);
  return ListeningSocket(std::move(descriptor), address->text(), address->unix_path(), true);
}

/// The same file, by whatever path: /var/run is a symbolic link to /run.
bool is_same_socket(const std::string& path, const std::string& configured) {
  if (path == configured) return true;
  struct stat one{};
  struct stat other{};
  return ::stat(path.c_str(), &one) == 0 && ::stat(configured.c_str(), &other) == 0 &&
         one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

}  // namespace

std::vector<ListeningSocket> inherited_sockets() {
  const int process = number_in("LISTEN_PID");
  const int count = number_in("LISTEN_FDS");
  // No child of this process must take them for its own.
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(variable);
  std::vector<ListeningSocket> sockets;
  if (process != ::getpid()) return sockets;
  for (int i = 0; i < count && ::fcntl(kFirst + i, F_GETFD) >= 0; ++i) {
    if (auto socket = inherited(kFirst + i)) sockets.push_back(std::move(*socket));
  }
  return sockets;
}

std::optional<ListeningSocket> take_inherited(std::vector<ListeningSocket>& sockets,
                                              const base::ListenAddress& address, Protocol protocol) {
  // As text, both written by the same function: an address has more than one spelling, "::1" and "0::1".
  const auto numeric = address.is_unix ? std::nullopt : numeric_address(address.host, address.port);
  const std::string wanted = address.is_unix ? unix_socket_path(address, protocol)
                             : numeric       ? numeric->text()
                                             : std::string();
  const auto fits = [&](const ListeningSocket& socket) {
    if (socket.is_unix()) return address.is_unix && is_same_socket(socket.unix_path(), wanted);
    return socket.address() == wanted;
  };
  const auto found = std::find_if(sockets.begin(), sockets.end(), fits);
  if (found == sockets.end()) return std::nullopt;
  std::optional<ListeningSocket> taken(std::move(*found));
  sockets.erase(found);
  return taken;
}

}  // namespace rolegate::net

#include "net/unix_listening.hpp"

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/socket_address.hpp"
#include "net/socket_lock.hpp"

namespace rolegate::net {
namespace {

constexpr std::uint16_t kDefaultPort = 6432;

std::string reason(int error) { return std::generic_category().message(error); }

std::unexpected<base::Error> unusable(std::string_view address, std::string_view why, std::string hint) {
  return base::fail(ListenErrc::socket_path_unusable, fmt::format("Cannot listen on {}: {}.", address, why),
                    std::move(hint));
}

base::Result<SocketAddress> usable_path(const std::string& path, std::string_view address) {
  if (const auto where = unix_address(path)) return *where;
  if (path.size() < sizeof(sockaddr_un::sun_path)) {
    return unusable(address, "that is no path",
                    "Write unix: and an absolute path, such as unix:/run/rolegate.");
  }
  return unusable(address,
                  fmt::format("the socket's path {} has {} bytes, and a unix socket's has {} at most", path,
                              path.size(), sizeof(sockaddr_un::sun_path) - 1),
                  "Choose a shorter path, such as unix:/run/rolegate.");
}

/// Makes the folder if only it is missing, with mode 0755 whatever the umask says: clients of other users
/// must be able to reach the socket.
base::Result<void> make_folder(const std::string& folder, std::string_view address) {
  constexpr mode_t kMode = 0755;
  if (::mkdir(folder.c_str(), kMode) != 0) {
    const int error = errno;
    struct stat status{};
    if (::stat(folder.c_str(), &status) == 0) {
      if (S_ISDIR(status.st_mode)) return {};
      return unusable(address, fmt::format("{} is not a folder", folder), "Choose another path.");
    }
    return unusable(address, fmt::format("the folder {} cannot be made: {}", folder, reason(error)),
                    "Make it first and let the gateway's user write to it (systemd: RuntimeDirectory=).");
  }
  // By descriptor, and not through a symbolic link: what was made a moment ago may be another thing by now.
  const base::Descriptor made(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status{};
  if (made && ::fstat(made.get(), &status) == 0 && status.st_uid == ::geteuid()) {
    if (::fchmod(made.get(), kMode) == 0) return {};
  }
  return unusable(address, fmt::format("the folder {} was changed while it was made", folder),
                  "Choose a folder that only the gateway's user can write to.");
}

enum class Found { nothing, dead_socket, live_socket, other_file, unknown };

/// What is at the path. Whether a server is behind a socket only a connection tells: its file stays when a
/// process is killed.
Found look_at(const std::string& path, const SocketAddress& address) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return errno == ENOENT ? Found::nothing : Found::unknown;
  if (!S_ISSOCK(status.st_mode)) return Found::other_file;
  const base::Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe) return Found::unknown;
  if (::connect(probe.get(), address.get(), address.size) == 0) return Found::live_socket;
  switch (errno) {
    case ECONNREFUSED:
      return Found::dead_socket;
    case ENOENT:
      return Found::nothing;
    case EAGAIN:      // its queue is full
    case EPROTOTYPE:  // a datagram socket somebody reads from
      return Found::live_socket;
    default:
      return Found::unknown;
  }
}

/// Makes the path free for a new socket. To be called with the lock.
base::Result<void> make_room(const std::string& path, const SocketAddress& where, std::string_view address) {
  switch (look_at(path, where)) {
    case Found::nothing:
      return {};
    case Found::dead_socket:
      if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
      break;
    case Found::live_socket:
      return unusable(address, fmt::format("a server is listening on {} already", path),
                      "Stop it, or choose another path.");
    case Found::other_file:
      return unusable(address, fmt::format("{} exists and is not a socket", path), "Choose another path.");
    case Found::unknown:
      break;
  }
  return unusable(address, fmt::format("{} exists and cannot be looked into: {}", path, reason(errno)),
                  "Choose another path.");
}

/// Gives the socket its mode. It was bound with 0600 or less; only here may it become wider, and nobody can
/// connect before listen(2).
bool set_mode(const std::string& path, mode_t mode) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) != 0) return false;
  if (!S_ISSOCK(status.st_mode)) {
    errno = EEXIST;
    return false;
  }
  if ((status.st_mode & 07777) == mode) return true;
  return ::fchmodat(AT_FDCWD, path.c_str(), mode, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace

std::string unix_socket_path(const base::ListenAddress& address, Protocol protocol) {
  if (protocol == Protocol::mysql) return address.path;
  const auto port = address.port == 0 ? kDefaultPort : address.port;
  const bool slash = address.path.ends_with('/');
  return fmt::format("{}{}.s.PGSQL.{}", address.path, slash ? "" : "/", port);
}

base::Result<ListeningSocket> listen_on_unix(const base::ListenAddress& address, Protocol protocol,
                                             bool only_owner) {
  const std::string path = unix_socket_path(address, protocol);
  const auto where = usable_path(path, address.text);
  if (!where) return std::unexpected(where.error());
  const std::string folder = std::filesystem::path(path).parent_path();
  if (auto made = make_folder(folder.empty() ? "." : folder, address.text); !made) {
    return std::unexpected(made.error());
  }
  auto lock = take_socket_lock(path, address.text);
  if (!lock) return std::unexpected(lock.error());
  auto give_up = [&](base::Error error) {
    drop_socket_lock(*lock, path);
    return std::unexpected(std::move(error));
  };
  if (auto room = make_room(path, *where, address.text); !room) return give_up(room.error());

  base::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  // bind(2) makes the file with the mode of the socket itself, less the umask (which is the whole process's,
  // so it is not touched here): the file is never open to more than its owner before set_mode says so.
  const bool bound = socket && ::fchmod(socket.get(), S_IRUSR | S_IWUSR) == 0 &&
                     ::bind(socket.get(), where->get(), where->size) == 0;
  if (!bound) {
    const std::string why = reason(errno);
    return give_up(unusable(address.text, fmt::format("the socket {} cannot be made: {}", path, why),
                            "The gateway's user must be able to write to that folder.")
                       .error());
  }
  ListeningSocket listening(std::move(socket), "unix:" + path, path, false, std::move(*lock));
  if (!set_mode(path, only_owner ? 0600 : 0777) || ::listen(listening.descriptor(), SOMAXCONN) != 0) {
    return base::fail(ListenErrc::listen_failed,
                      fmt::format("Cannot listen on {}: {}.", address.text, reason(errno)));
  }
  return listening;
}

}  // namespace rolegate::net

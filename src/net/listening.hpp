#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "base/error.hpp"
#include "base/listen_address.hpp"

namespace rolegate::net {

using base::Descriptor;

enum class Protocol { postgresql, mysql };

/// A socket that listens (non-blocking, close-on-exec). A unix socket's file is removed with it, if it is
/// still the one that was made here; then its lock file. An inherited one's stays: it is systemd's.
class ListeningSocket {
 public:
  /// `lock`: what take_socket_lock gave (socket_lock.hpp), for a unix socket that was made here.
  ListeningSocket(base::Descriptor descriptor, std::string address, std::string unix_path, bool inherited,
                  base::Descriptor lock = {});
  ListeningSocket(ListeningSocket&&) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) noexcept;
  ~ListeningSocket();

  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  /// As it really is: "127.0.0.1:41234" for a configured port 0; "unix:/run/rolegate/.s.PGSQL.6432".
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] bool is_unix() const { return !unix_path_.empty(); }
  [[nodiscard]] const std::string& unix_path() const { return unix_path_; }
  /// Makes a unix socket's file 0600, or 0777, as listen_at does: users may come and go with a reload. An
  /// inherited one's mode is the service manager's. False when the system refuses.
  [[nodiscard]] bool set_only_owner(bool only_owner) const noexcept;

 private:
  [[nodiscard]] bool owns_file() const noexcept;
  void remove_files() noexcept;

  base::Descriptor descriptor_;
  base::Descriptor lock_;
  std::string address_;
  std::string unix_path_;
  bool inherited_ = false;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
};

enum class ListenErrc {
  listen_failed,         ///< bind or listen: the address is in use, or not this machine's
  socket_path_unusable,  ///< too long, a live server behind it, no folder
};
[[nodiscard]] std::string_view code_name(ListenErrc code);

/// Listens there. Unix: a PostgreSQL address is a folder that becomes FOLDER/.s.PGSQL.PORT (6432 unless the
/// address says another), a MySQL one the socket itself; a folder that is not there is made (0755) if its
/// parent is; a socket that nobody listens on any more is replaced, one with a live server or a file that is
/// no socket is an error. Beside it lies a lock file, PATH.lock, as PostgreSQL and MySQL have it, so that two
/// that start at once do not take the socket from each other. The socket's mode is 0777 with who may connect
/// checked by SO_PEERCRED, as PostgreSQL's is; `only_owner`: 0600, from its first moment. TCP: SO_REUSEADDR,
/// IPV6_V6ONLY.
[[nodiscard]] base::Result<ListeningSocket> listen_at(const base::ListenAddress& address, Protocol protocol,
                                                      bool only_owner);

/// The sockets that systemd opened (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS; the variables are then
/// removed, so call this before there are threads that read the environment). Each is matched to a configured
/// address by getsockname; see take_inherited. What is no listening stream socket is closed.
[[nodiscard]] std::vector<ListeningSocket> inherited_sockets();
/// The inherited socket of that address, taken out of `sockets`; nothing when there is none. Address and port
/// must be the same ("[::]:6432" is not "0.0.0.0:6432", and port 0 is nobody's); a unix path may be written
/// another way (/var/run for /run).
[[nodiscard]] std::optional<ListeningSocket> take_inherited(std::vector<ListeningSocket>& sockets,
                                                            const base::ListenAddress& address,
                                                            Protocol protocol);

}  // namespace rolegate::net

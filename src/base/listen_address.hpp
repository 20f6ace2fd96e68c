#pragma once

#include <cstdint>
#include <string>

namespace rolegate::base {

/// "127.0.0.1:6432", "[::1]:6432", or "unix:/run/rolegate". Host names are not taken: what a door listens on
/// must not depend on a name server.
struct ListenAddress {
  std::string text;  ///< as written
  bool is_unix = false;
  std::string path;        ///< of a unix socket: for PostgreSQL a folder, for MySQL the socket itself
  std::string host;        ///< numeric, without brackets
  std::uint16_t port = 0;  ///< 0: any free one; for a unix folder, the port in the name (.s.PGSQL.5432)
  bool operator==(const ListenAddress&) const = default;
};

/// 127.0.0.0/8 or ::1, or a unix socket.
[[nodiscard]] bool is_local(const ListenAddress& address);

}  // namespace rolegate::base

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/socket.h>

namespace rolegate::net {

/// An address of any family, as the kernel's calls take and give it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }

  /// For people: "192.0.2.7:51234", "[2001:db8::1]:6432", "unix:/run/rolegate/mysql.sock"; an abstract unix
  /// socket is "unix:@name", one without a name "unix:". An IPv4 address that came in through an IPv6 socket
  /// (::ffff:192.0.2.7) is shown as the IPv4 address it is.
  [[nodiscard]] std::string text() const;
  /// The host alone: "192.0.2.7", "2001:db8::1", "fe80::1%eth0"; empty for a unix socket.
  [[nodiscard]] std::string host() const;
  /// The path of a unix socket ("@name" when abstract); empty for any other.
  [[nodiscard]] std::string unix_path() const;
};

/// A numeric host ("127.0.0.1", "::1", "fe80::1%eth0") and a port; nothing when the host is none.
[[nodiscard]] std::optional<SocketAddress> numeric_address(const std::string& host, std::uint16_t port);
/// A path in the file system; nothing when it is empty, holds a NUL, or is longer than sun_path holds.
[[nodiscard]] std::optional<SocketAddress> unix_address(const std::string& path);
/// What the socket is bound to (getsockname).
[[nodiscard]] std::optional<SocketAddress> own_address(int socket);

}  // namespace rolegate::net

#include "net/socket_address.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace rolegate::net {
namespace {

std::string ipv4_host(const in_addr& host) {
  char text[INET_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET, &host, text, sizeof text);
  return text;
}

std::string ipv6_host(const sockaddr_in6& address) {
  if (IN6_IS_ADDR_V4MAPPED(&address.sin6_addr)) {
    in_addr host{};
    std::memcpy(&host, address.sin6_addr.s6_addr + 12, sizeof host);
    return ipv4_host(host);
  }
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET6, &address.sin6_addr, text, sizeof text);
  // A link-local address means nothing without its interface (RFC 4007, section 11).
  char interface[IF_NAMESIZE] = {};
  if (address.sin6_scope_id == 0 || ::if_indextoname(address.sin6_scope_id, interface) == nullptr)
    return text;
  return fmt::format("{}%{}", text, interface);
}

}  // namespace

std::string SocketAddress::unix_path() const {
  constexpr std::size_t kStart = offsetof(sockaddr_un, sun_path);
  if (storage.ss_family != AF_UNIX || size <= kStart) return {};
  const std::size_t length = std::min<std::size_t>(size, sizeof(sockaddr_un)) - kStart;
  std::string path(length, '\0');
  std::memcpy(path.data(), reinterpret_cast<const char*>(&storage) + kStart, length);
  if (path.front() == '\0') {
    path.front() = '@';  // abstract: as long as its length says, no NUL ends it (unix(7))
    return path;
  }
  path.resize(std::min(path.find('\0'), path.size()));
  return path;
}

std::string SocketAddress::host() const {
  if (storage.ss_family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &storage, sizeof ipv4);
    return ipv4_host(ipv4.sin_addr);
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, &storage, sizeof ipv6);
    return ipv6_host(ipv6);
  }
  return {};
}

std::string SocketAddress::text() const {
  if (storage.ss_family == AF_UNIX) return "unix:" + unix_path();
  const std::string name = host();
  if (name.empty()) return fmt::format("address family {}", storage.ss_family);
  // The port lies at the same place in both.
  sockaddr_in with_port{};
  std::memcpy(&with_port, &storage, sizeof with_port);
  const bool brackets = name.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", brackets ? "[" : "", name, brackets ? "]" : "", ntohs(with_port.sin_port));
}

std::optional<SocketAddress> numeric_address(const std::string& host, std::uint16_t port) {
  // getaddrinfo and not inet_pton, for the interface of a link-local address ("fe80::1%eth0"); it asks no
  // name server with these flags.
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return std::nullopt;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  SocketAddress address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  return address;
}

std::optional<SocketAddress> unix_address(const std::string& path) {
  sockaddr_un local{};
  // One byte is left for the NUL that readers of sun_path expect (unix(7)).
  if (path.empty() || path.size() >= sizeof local.sun_path || path.find('\0') != std::string::npos) {
    return std::nullopt;
  }
  local.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), local.sun_path);
  SocketAddress address;
  std::memcpy(&address.storage, &local, sizeof local);
  address.size = sizeof local;
  return address;
}

std::optional<SocketAddress> own_address(int socket) {
  SocketAddress address;
  if (::getsockname(socket, address.get(), &address.size) != 0) return std::nullopt;
  return address;
}

}  // namespace rolegate::net

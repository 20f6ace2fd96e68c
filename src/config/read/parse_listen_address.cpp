#include "config/read/parse_listen_address.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace rolegate::config {
namespace {

using Parsed = std::expected<base::ListenAddress, NameFault>;

// unix(7): sun_path, with the NUL that ends it.
constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr std::string_view kSocketName = "/.s.PGSQL.";
constexpr std::string_view kUnix = "unix:";

Parsed refuse(std::string message, std::string remedy) {
  return std::unexpected(NameFault{std::move(message), std::move(remedy)});
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const last = text.data() + text.size();
  const auto [end, fault] = std::from_chars(text.data(), last, port);
  if (text.empty() || text.size() > 5 || fault != std::errc() || end != last) return std::nullopt;
  return port;
}

/// Every '/' once, none at the end.
std::string one_spelling(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || !out.ends_with('/')) out += c;
  }
  if (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

/// Takes ".s.PGSQL.PORT" off the end of a folder's path, if it is there.
std::uint16_t take_socket_name(std::string& path) {
  const std::size_t at = path.rfind(kSocketName);
  if (at == std::string::npos) return kDefaultSocketPort;
  const auto port = parse_port(std::string_view(path).substr(at + kSocketName.size()));
  if (!port || *port == 0) return kDefaultSocketPort;
  path.resize(std::max<std::size_t>(at, 1));
  return *port;
}

Parsed parse_unix(std::string_view text, SocketForm form) {
  const std::string_view written = text.substr(kUnix.size());
  if (form == SocketForm::none) return refuse("is a unix socket.", "Only a TCP address is taken here.");
  if (!written.starts_with('/')) {
    return refuse("has no absolute path.", "Begin it with a '/': unix:/run/rolegate.");
  }
  base::ListenAddress address{std::string(text), true, one_spelling(written), {}, 0};
  if (form == SocketForm::file) {
    if (written.ends_with('/')) {
      return refuse("names a folder.", "For MySQL, name the socket: unix:/run/rolegate/mysql.sock.");
    }
    if (address.path.size() > kMaxSocketPath) {
      return refuse(fmt::format("has a path of {} bytes.", address.path.size()),
                    fmt::format("A socket's path may have {}.", kMaxSocketPath));
    }
    return address;
  }
  address.port = take_socket_name(address.path);
  constexpr std::size_t kMaxFolder = kMaxSocketPath - kSocketName.size() - std::string_view("65535").size();
  if (address.path.size() > kMaxFolder) {
    return refuse(fmt::format("has a path of {} bytes.", address.path.size()),
                  fmt::format("A folder's may have {}: with /.s.PGSQL.65535, a socket's path has {} at most.",
                              kMaxFolder, kMaxSocketPath));
  }
  return address;
}

/// The one spelling of a numeric address; empty when it is none.
std::string numeric_host(std::string_view host, bool brackets) {
  const std::string name(host);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (brackets) {
    in6_addr six{};
    if (::inet_pton(AF_INET6, name.c_str(), &six) != 1) return {};
    return ::inet_ntop(AF_INET6, &six, text.data(), text.size());
  }
  in_addr four{};
  if (::inet_pton(AF_INET, name.c_str(), &four) != 1) return {};
  return ::inet_ntop(AF_INET, &four, text.data(), text.size());
}

Parsed not_numeric(std::string_view host, bool brackets, std::uint16_t port) {
  if (!brackets && host.find(':') != std::string_view::npos) {
    return refuse("is an IPv6 address without brackets, or has a colon too many.",
                  fmt::format("Write it as [::1]:{}.", port));
  }
  if (brackets) return refuse("has no IPv6 address in its brackets.", fmt::format("As in [::1]:{}.", port));
  return refuse("has a host that is no numeric address.",
                fmt::format("What is listened on must not depend on a name server: write 127.0.0.1:{0}, or "
                            "[::1]:{0}.",
                            port));
}

Parsed parse_tcp(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool brackets = text.starts_with('[');
  if (colon == std::string_view::npos || (brackets && text.ends_with(']'))) {
    if (const auto port = parse_port(text)) {
      return refuse("has no address.", fmt::format("Write 127.0.0.1:{0} for programs on this machine alone, "
                                                   "or 0.0.0.0:{0} for every network it is in.",
                                                   *port));
    }
    if (text.starts_with('/')) return refuse("has no 'unix:' before its path.", "Write unix:/run/rolegate.");
    return refuse("has no port.", "Write it as 127.0.0.1:6432.");
  }
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return refuse("has no port from 0 to 65535 after its last ':'.", "Write it as 127.0.0.1:6432.");
  std::string_view host = text.substr(0, colon);
  if (host.empty() || host == "*") {
    return refuse("does not say which addresses are meant.",
                  fmt::format("Write 127.0.0.1:{0} for programs on this machine alone, or 0.0.0.0:{0} for "
                              "every network it is in.",
                              *port));
  }
  if (brackets && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  base::ListenAddress address{std::string(text), false, {}, numeric_host(host, brackets), *port};
  if (address.host.empty()) return not_numeric(host, brackets, *port);
  // The sockets are IPV6_V6ONLY, and such an address cannot be bound to one.
  if (address.host.starts_with("::ffff:")) {
    return refuse("is an IPv4 address in IPv6 form.",
                  fmt::format("Write it as 127.0.0.1:{}, in IPv4 form.", *port));
  }
  return address;
}

}  // namespace

Parsed parse_listen_address(std::string_view text, SocketForm form) {
  return text.starts_with(kUnix) ? parse_unix(text, form) : parse_tcp(text);
}

}  // namespace rolegate::config

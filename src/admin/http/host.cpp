#include "admin/http/host.hpp"

#include <algorithm>
#include <string>

#include <arpa/inet.h>

namespace rolegate::admin {
namespace {

bool is_port(std::string_view text) {
  return text.size() <= 5 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_address(int family, std::string_view text) {
  unsigned char bytes[sizeof(in6_addr)];
  return text.find('\0') == std::string_view::npos &&
         inet_pton(family, std::string(text).c_str(), bytes) == 1;
}

bool is_localhost(std::string_view text) {
  constexpr std::string_view kLocalhost = "localhost";
  return std::ranges::equal(text, kLocalhost, [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

bool host_allowed(std::string_view host) {
  // uri-host [ ":" port ], RFC 9110, section 7.2.
  std::string_view name = host;
  std::string_view port;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return false;
    name = host.substr(1, end - 1);
    port = host.substr(end + 1);
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    name = host.substr(0, colon);
    port = host.substr(colon);
  }
  if (!port.empty() && (port.front() != ':' || !is_port(port.substr(1)))) return false;
  if (host.starts_with('[')) return is_address(AF_INET6, name);
  return is_localhost(name) || is_address(AF_INET, name);
}

}  // namespace rolegate::admin

#include "admin/http/host.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/ip_address.hpp"

namespace rolegate::admin {
namespace {

bool is_port(std::string_view text) { return text.size() <= 5 && std::ranges::all_of(text, base::is_digit); }

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
  if (host.starts_with('[')) return base::is_ipv6(name);
  return base::equals_ignoring_case(name, "localhost") || base::is_ipv4(name);
}

}  // namespace rolegate::admin

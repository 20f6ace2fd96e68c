#include "config/read/uri_host.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"
#include "base/ip_address.hpp"

namespace rolegate::config {
namespace {

/// A DNS name or an IPv4 address. Underscores are no host names by RFC 1123, but container networks use them.
bool is_host_name(std::string_view text) {
  if (text.size() > 253 || text.starts_with('.') || text.ends_with('.')) return false;
  if (text.find("..") != std::string_view::npos) return false;
  return std::ranges::all_of(
      text, [](char c) { return base::is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; });
}

std::optional<std::uint16_t> port_number(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (fault != std::errc() || end != digits.data() + digits.size() || port == 0) return std::nullopt;
  return port;
}

}  // namespace

HostAndPort parse_host_and_port(std::string_view text, std::string_view field,
                                std::vector<UriProblem>& problems) {
  HostAndPort out;
  const auto wrong = [&](std::string message, std::string remedy) {
    problems.push_back({std::string(field), std::move(message), std::move(remedy), false});
    return HostAndPort{};
  };
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos)
      return wrong("has a '[' without its ']'.", "Write an IPv6 address as [::1].");
    out.host = text.substr(1, close - 1);
    if (!base::is_ipv6(out.host))
      return wrong("holds no IPv6 address between '[' and ']'.", "Write it as [::1], without a zone.");
    port = text.substr(close + 1);
    if (!port.empty() && !port.starts_with(':'))
      return wrong("has something after ']' that is no port.", "Write [::1]:5432.");
  } else {
    if (std::ranges::count(text, ':') > 1) {
      if (base::is_ipv6(std::string(text)))
        return wrong("has an IPv6 address without brackets.", "Write it as [::1]:5432.");
      return wrong("has more than one ':' in host and port.",
                   "Write HOST:PORT; in a password write ':' as %3A and '@' as %40.");
    }
    const std::size_t colon = std::min(text.find(':'), text.size());
    out.host = text.substr(0, colon);
    if (!is_host_name(out.host)) {
      return wrong("has a host with a character or a form that no host name has.",
                   "A host is a DNS name or an address; in a password write '@' as %40 and '/' as %2F.");
    }
    port = text.substr(colon);
  }
  // SQLAlchemy takes "host:" as no port.
  if (port.size() > 1) {
    out.port = port_number(port.substr(1));
    if (!out.port) return wrong("has a port that is no number from 1 to 65535.", "Write HOST:PORT.");
  }
  out.valid = true;
  return out;
}

}  // namespace rolegate::config

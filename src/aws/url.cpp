#include "aws/url.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/ascii.hpp"
#include "base/ip_address.hpp"

namespace rolegate::aws {
namespace {

bool is_name_character(char c) { return base::is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; }

bool read_port(std::string_view text, Url& url) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > 65535) return false;
  url.default_port = value == url.port;
  url.port = static_cast<std::uint16_t>(value);
  return true;
}

bool read_authority(Url& url) {
  std::string_view rest = url.authority;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == std::string_view::npos) return false;
    url.host = rest.substr(1, close - 1);
    if (!base::is_ipv6(url.host)) return false;
    rest.remove_prefix(close + 1);
  } else {
    url.host = rest.substr(0, rest.find(':'));
    if (!is_host_name(url.host)) return false;
    rest.remove_prefix(url.host.size());
  }
  if (rest.empty()) return true;
  return rest.front() == ':' && read_port(rest.substr(1), url);
}

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  const auto graphic = [](char c) { return c > 0x20 && c < 0x7F; };
  if (!std::ranges::all_of(text, graphic) || text.contains('#')) return std::nullopt;
  Url url;
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  url.scheme = text.substr(0, colon);
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  url.port = url.scheme == "https" ? 443 : 80;
  text.remove_prefix(colon + 3);
  url.authority = text.substr(0, text.find_first_of("/?"));
  text.remove_prefix(url.authority.size());
  const auto mark = text.find('?');
  url.path = text.substr(0, mark);
  if (mark != std::string_view::npos) url.query = text.substr(mark + 1);
  if (!read_authority(url)) return std::nullopt;
  return url;
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, is_name_character);
}

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  const std::string text(host);
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, text.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace rolegate::aws

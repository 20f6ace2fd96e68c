#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rolegate::aws {

/// An absolute http(s) URL in parts that point into its text. Percent-encoding is left as it is: what is
/// signed must be what is sent.
struct Url {
  std::string_view scheme;     ///< "http" or "https"
  std::string_view authority;  ///< host and port as written
  std::string_view host;       ///< without port; an IPv6 address without its brackets
  std::uint16_t port = 0;      ///< the scheme's own when none is written
  bool default_port = true;    ///< `port` is the scheme's own
  std::string_view path;       ///< from the first '/'; may be empty
  std::string_view query;      ///< without its '?'
};

/// Nothing for another scheme, a user, a fragment, a port that is none, or a character no URL has.
[[nodiscard]] std::optional<Url> parse_url(std::string_view text);

/// A DNS name or an IPv4 address by its characters: what may stand before a port.
[[nodiscard]] bool is_host_name(std::string_view text);

/// "localhost", 127.0.0.0/8, ::1.
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace rolegate::aws

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "config/engine.hpp"

namespace rolegate::config {

/// libpq's names; anything weaker than `require` is not offered.
enum class SslMode { require, verify_ca, verify_full };
/// "require", "verify-ca", "verify-full".
[[nodiscard]] std::string_view ssl_mode_name(SslMode mode);

struct HostPort {
  std::string host;  ///< a name or an address; an IPv6 address without its brackets
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};

/// `sqlalchemy_uri`, taken apart.
struct Uri {
  Engine engine = Engine::postgresql;
  std::string host;  ///< case as written; empty only for Redshift, which then asks the API for it
  std::optional<std::uint16_t> port;  ///< as written; see port_or_default
  std::string user;
  base::Secret password;
  std::string database;  ///< the path without its slash; may be empty
  SslMode ssl_mode = SslMode::verify_full;
  std::string ssl_root_cert;  ///< empty: see connect/ca.hpp
  std::optional<std::chrono::seconds> connect_timeout;
  std::optional<HostPort> connect_to;  ///< dial there; token and TLS name stay the URI's host and port

  [[nodiscard]] std::uint16_t port_or_default() const { return port.value_or(default_port(engine)); }
  bool operator==(const Uri& other) const;
};

}  // namespace rolegate::config

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/scram.hpp"
#include "config/network.hpp"

namespace rolegate::config {

/// Of a gateway user's name, in characters.
inline constexpr std::size_t kMaxUserName = 128;

/// Whoever may connect. Each of the three ways that is set lets in, for the user name `name` only.
struct GatewayUser {
  std::string name;
  std::optional<base::ScramVerifier> scram;  ///< PostgreSQL, and MySQL's caching_sha2_password
  std::optional<std::array<unsigned char, 20>>
      mysql_native;                       ///< SHA1(SHA1(password)); only with its '*…' part
  std::optional<std::uint32_t> peer_uid;  ///< on unix sockets
  std::string client_cert_cn;             ///< with client_ca; empty: none
  bool all_databases = false;             ///< "*"
  std::vector<std::string> databases;
  std::size_t max_sessions = 0;          ///< 0: no bound of its own
  std::chrono::milliseconds max_age{0};  ///< of a session; 0: none
  std::vector<Network> addresses;        ///< of TCP clients; empty: any

  [[nodiscard]] bool may_use(std::string_view database) const;
  /// `host`: numeric.
  [[nodiscard]] bool may_come_from(std::string_view host) const;
  bool operator==(const GatewayUser&) const = default;
};

}  // namespace rolegate::config

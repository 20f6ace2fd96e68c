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

/// "127.0.0.1:6432", "[::1]:6432", or "unix:/run/rolegate". Host names are not taken: what a door listens on
/// must not depend on a name server.
struct ListenAddress {
  std::string text;  ///< as written
  bool is_unix = false;
  std::string path;        ///< of a unix socket: for PostgreSQL a folder, for MySQL the socket itself
  std::string host;        ///< numeric, without brackets
  std::uint16_t port = 0;  ///< 0: any free one; for a unix folder, the port in the name (.s.PGSQL.5432)
  bool operator==(const ListenAddress&) const = default;
};

/// Files in PEM; read when the gateway starts and at each reload.
struct GatewayTls {
  std::string cert;
  std::string key;
  std::string client_ca;   ///< empty: client certificates are not asked for
  std::string client_crl;  ///< empty: no client certificate counts as revoked
  bool operator==(const GatewayTls&) const = default;
};

struct GatewayListeners {
  std::vector<ListenAddress> listen;
  std::optional<GatewayTls> tls;
  std::optional<bool> tls_required;  ///< tls.required, as written

  /// Whether a client that comes in at `address`, one of these or of a single database, must use TLS. Without
  /// a word in the file, wherever other machines can listen in.
  [[nodiscard]] bool requires_tls(const ListenAddress& address) const;
};

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
};

/// Whether the database is told which user of the gateway a session is for.
enum class Identify {
  none,
  application_name,  ///< PostgreSQL: before the client's application_name; MySQL: a connection attribute
};

struct Gateway {
  GatewayListeners postgresql;  ///< Redshift's databases are served here too
  GatewayListeners mysql;
  std::vector<GatewayUser> users;
  std::size_t max_sessions = 10000;
  int login_rate = 100;                       ///< upstream logins per second and database
  std::chrono::milliseconds idle_timeout{0};  ///< 0: none
  std::chrono::milliseconds drain_timeout{30000};
  std::string audit_log;        ///< a file; empty: standard output
  bool audit_required = false;  ///< without an audit log that can be written, nobody is let in
  Identify identify = Identify::none;
  std::chrono::milliseconds grace{0};  ///< how long a session stays that a reload no longer allows

  [[nodiscard]] const GatewayUser* find_user(std::string_view name) const;
};

struct Admin {
  ListenAddress listen{"127.0.0.1:9432", false, {}, "127.0.0.1", 9432};
  bool configured =
      false;  ///< the file says it; a default that is taken by another process is no reason to fail
};

}  // namespace rolegate::config

#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/listen_address.hpp"
#include "config/gateway_user.hpp"

namespace rolegate::config {

/// Files in PEM; read when the gateway starts and at each reload.
struct GatewayTls {
  std::string cert;
  std::string key;
  std::string client_ca;   ///< empty: client certificates are not asked for
  std::string client_crl;  ///< empty: no client certificate counts as revoked
  bool operator==(const GatewayTls&) const = default;
};

struct GatewayListeners {
  std::vector<base::ListenAddress> listen;
  std::optional<GatewayTls> tls;
  std::optional<bool> tls_required;  ///< tls.required, as written

  /// Whether a client that comes in at `address`, one of these or of a single database, must use TLS. Without
  /// a word in the file, wherever other machines can listen in.
  [[nodiscard]] bool requires_tls(const base::ListenAddress& address) const;
  bool operator==(const GatewayListeners&) const = default;
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

  bool operator==(const Gateway&) const = default;
};

}  // namespace rolegate::config

#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "login/login.hpp"

namespace rolegate::cli {

/// One environment variable for a client program: set to `value`, or, without one, taken away.
struct Variable {
  std::string name;
  std::optional<std::string> value;  ///< may hold the password: see ClientEnvironment
};

/// The variables a client program needs to log in; wiped when it goes away.
///
/// PostgreSQL and Redshift, read by libpq and all that is built on it (psql, psycopg, pgx, node-postgres,
/// JDBC in part): PGHOST (also the TLS name), PGHOSTADDR (the address dialled, only with connect_to), PGPORT
/// (the port dialled), PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE, PGSSLROOTCERT, and PGGSSENCMODE=disable,
/// because an encryption that is not TLS would pass the certificate check by. PGSERVICE and PGREQUIRESSL are
/// taken away: they would overrule these.
///
/// MySQL: MYSQL_HOST (mysql, mariadb), MYSQL_TCP_PORT (libmysqlclient, libmariadb), MYSQL_PWD (both
/// programs). MYSQL_USER, MYSQL_DATABASE and MYSQL_SSL_CA are for scripts: no client reads them by itself.
/// None makes a client check certificates; `rolegate connect` passes the options that do. MYSQL_UNIX_PORT is
/// taken away.
class ClientEnvironment {
 public:
  explicit ClientEnvironment(std::vector<Variable> variables) : variables_(std::move(variables)) {}
  ~ClientEnvironment();
  ClientEnvironment(ClientEnvironment&&) = default;
  ClientEnvironment& operator=(ClientEnvironment&&) = delete;
  ClientEnvironment(const ClientEnvironment&) = delete;
  ClientEnvironment& operator=(const ClientEnvironment&) = delete;

  [[nodiscard]] const std::vector<Variable>& variables() const { return variables_; }
  /// "NAME=value" for execve: `inherited` (environ) with these in place of its own.
  [[nodiscard]] std::vector<std::string> merged_into(std::span<const std::string> inherited) const;

 private:
  std::vector<Variable> variables_;
};

/// `dial_address`: login.dial's numeric address, needed when it is not the endpoint itself.
/// `ca_file`: connect::ca_file.
[[nodiscard]] ClientEnvironment postgresql_environment(const login::Login& login, const std::string& ca_file,
                                                       const std::string& dial_address);
[[nodiscard]] ClientEnvironment mysql_environment(const login::Login& login, const std::string& ca_file);

/// Both, by the login's engine, with what they need looked up: the CA file, and dial's address.
[[nodiscard]] base::Result<ClientEnvironment> client_environment(const login::Login& login,
                                                                 const base::Environment& environment);

/// Is something else dialled than the endpoint that token and TLS name are for (connect_to)?
[[nodiscard]] bool dials_elsewhere(const login::Login& login);

}  // namespace rolegate::cli

#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "config/config.hpp"
#include "login/login.hpp"
#include "login/steps.hpp"

struct pg_conn;   // libpq's PGconn
struct st_mysql;  // Connector/C's MYSQL

namespace rolegate::connect {

enum class Errc {
  wrong_engine,  ///< the database is not one that this client library speaks to
  query_failed,
};
[[nodiscard]] std::string_view code_name(Errc code);

struct PgClose {
  void operator()(pg_conn* connection) const noexcept;
};
struct MysqlClose {
  void operator()(st_mysql* connection) const noexcept;
};
using PgConnection = std::unique_ptr<pg_conn, PgClose>;
using MysqlConnection = std::unique_ptr<st_mysql, MysqlClose>;

/// Opens a session with `login` (engine postgresql or redshift) through libpq. The TLS name is login.host,
/// the address dialled login.dial; the password leaves only inside TLS verified as ssl_mode says: verify_full
/// checks chain and name, verify_ca the chain, require nothing (not even against sslrootcert, unlike libpq's
/// own). Adds the steps resolve, TCP, TLS and handshake. Ends at the deadline or after login.connect_timeout,
/// whichever comes first. The connection comes back in libpq's ordinary state.
[[nodiscard]] base::Result<PgConnection> open_postgresql(const login::Login& login,
                                                         const base::Environment& environment,
                                                         base::Deadline deadline,
                                                         login::Steps* steps = nullptr);
/// The same for engine mysql, through MariaDB Connector/C. The connection comes back in its ordinary,
/// blocking state, without the password: a program that wants it to reconnect on its own has to log in anew
/// instead. LOAD DATA LOCAL is off.
[[nodiscard]] base::Result<MysqlConnection> open_mysql(const login::Login& login,
                                                       const base::Environment& environment,
                                                       base::Deadline deadline,
                                                       login::Steps* steps = nullptr);

/// login() and then open, if the database is of this engine; when the database refuses a login that was made
/// from cached credentials, once more with fresh ones, never more.
template <typename Connection>
struct Opened {
  Connection connection;
  login::Login login;
};
[[nodiscard]] base::Result<Opened<PgConnection>> log_in_postgresql(
    login::LoginService& service, const config::Config& config, const config::Database& database,
    const base::Environment& environment, base::Deadline deadline, login::Steps* steps = nullptr);
[[nodiscard]] base::Result<Opened<MysqlConnection>> log_in_mysql(
    login::LoginService& service, const config::Config& config, const config::Database& database,
    const base::Environment& environment, base::Deadline deadline, login::Steps* steps = nullptr);

}  // namespace rolegate::connect

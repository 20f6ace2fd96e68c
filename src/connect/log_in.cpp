#include <fmt/format.h>

#include "connect/connect.hpp"
#include "upstream/failures.hpp"

namespace rolegate::connect {
namespace {

/// Another engine's server would not answer, or not in words that explain anything.
base::Result<void> check_engine(const config::Database& database, bool mysql) {
  if ((database.uri.engine == config::Engine::mysql) == mysql) return {};
  return base::fail(
      Errc::wrong_engine,
      fmt::format("Database '{}' is {}.", database.name, config::engine_name(database.uri.engine)),
      fmt::format("Use {}.", mysql ? "connect_postgresql" : "connect_mysql"));
}

/// login and open, at most twice.
template <typename Connection, typename Open>
base::Result<Opened<Connection>> log_in(login::LoginService& service, const config::Config& config,
                                        const config::Database& database, base::Deadline deadline,
                                        login::Steps* steps, Open open) {
  for (const auto fresh : {login::Fresh::no, login::Fresh::yes}) {
    auto login = service.login(config.iam_flag(), database, deadline, steps, fresh);
    if (!login) return std::unexpected(std::move(login.error()));
    base::Result<Connection> connection = open(*login);
    if (connection) return Opened<Connection>{std::move(*connection), std::move(*login)};
    const bool again =
        fresh == login::Fresh::no && upstream::deserves_fresh_login(*login, connection.error());
    if (!again) return std::unexpected(std::move(connection.error()));
  }
  std::unreachable();
}

}  // namespace

base::Result<Opened<PgConnection>> log_in_postgresql(login::LoginService& service,
                                                     const config::Config& config,
                                                     const config::Database& database,
                                                     const base::Environment& environment,
                                                     base::Deadline deadline, login::Steps* steps) {
  if (auto fits = check_engine(database, false); !fits) return std::unexpected(std::move(fits.error()));
  return log_in<PgConnection>(service, config, database, deadline, steps, [&](const login::Login& login) {
    return open_postgresql(login, environment, deadline, steps);
  });
}

base::Result<Opened<MysqlConnection>> log_in_mysql(login::LoginService& service, const config::Config& config,
                                                   const config::Database& database,
                                                   const base::Environment& environment,
                                                   base::Deadline deadline, login::Steps* steps) {
  if (auto fits = check_engine(database, true); !fits) return std::unexpected(std::move(fits.error()));
  return log_in<MysqlConnection>(service, config, database, deadline, steps, [&](const login::Login& login) {
    return open_mysql(login, environment, deadline, steps);
  });
}

}  // namespace rolegate::connect

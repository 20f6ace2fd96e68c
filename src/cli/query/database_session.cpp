#include "cli/query/database_session.hpp"

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <mysql.h>
#include <netdb.h>
#include <sys/socket.h>

#include "cli/make_login.hpp"
#include "connect/connect.hpp"
#include "upstream/errc.hpp"

namespace rolegate::cli {
namespace {

/// How long a login may take whose only purpose is to end a statement.
constexpr std::chrono::seconds kCancelTimeout{5};

/// Nothing when it cannot be told.
std::optional<config::HostPort> server_of(st_mysql& session) {
  sockaddr_storage peer{};
  socklen_t size = sizeof peer;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getpeername(::mysql_get_socket(&session), reinterpret_cast<sockaddr*>(&peer), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<const sockaddr*>(&peer), size, host.data(), host.size(), port.data(),
                    port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return std::nullopt;
  }
  return config::HostPort{host.data(), static_cast<std::uint16_t>(std::stoi(port.data()))};
}

}  // namespace

base::Result<void> with_session(Context& context, const FoundDatabase& found, login::Steps& steps,
                                const std::function<base::Result<void>(const Execute&)>& use) {
  const base::Deadline deadline = login_deadline(context.options, *found.database);
  auto& service = context.login_service();
  if (found.database->uri.engine == config::Engine::mysql) {
    const auto opened =
        connect::log_in_mysql(service, found.config, *found.database, context.environment, deadline, &steps);
    log_steps(context.log, steps);
    if (!opened) return std::unexpected(opened.error());
    // Not where the name leads then: at another server the session's id may be somebody else's.
    const auto server = server_of(*opened->connection);
    const auto open_second = [&]() -> base::Result<connect::MysqlConnection> {
      const auto until = base::Deadline::in(kCancelTimeout);
      auto login = service.login(found.config.iam_flag(), *found.database, until);
      if (!login) return std::unexpected(std::move(login.error()));
      if (!server)
        return base::fail(upstream::Errc::connect_failed, "The address of the server is not known.");
      login->dial = *server;
      return connect::open_mysql(*login, context.environment, until);
    };
    return use([&](const std::string& sql, StatementContext statement) {
      return execute_mysql(*opened->connection, sql, statement, open_second);
    });
  }
  const auto opened = connect::log_in_postgresql(service, found.config, *found.database, context.environment,
                                                 deadline, &steps);
  log_steps(context.log, steps);
  if (!opened) return std::unexpected(opened.error());
  return use([&](const std::string& sql, StatementContext statement) {
    return execute_postgresql(*opened->connection, sql, statement);
  });
}

}  // namespace rolegate::cli

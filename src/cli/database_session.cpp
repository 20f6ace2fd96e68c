#include "cli/database_session.hpp"

#include "cli/make_login.hpp"
#include "connect/connect.hpp"

namespace rolegate::cli {

base::Result<void> with_session(Context& context, const FoundDatabase& found, login::Steps& steps,
                                const std::function<base::Result<void>(const Execute&)>& use) {
  const base::Deadline deadline = login_deadline(context.options, *found.database);
  auto& service = context.login_service();
  if (found.database->uri.engine == config::Engine::mysql) {
    const auto opened =
        connect::log_in_mysql(service, found.config, *found.database, context.environment, deadline, &steps);
    log_steps(context.log, steps);
    if (!opened) return std::unexpected(opened.error());
    return use([&](const std::string& sql, StatementContext statement) {
      return execute_mysql(*opened->connection, sql, statement);
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

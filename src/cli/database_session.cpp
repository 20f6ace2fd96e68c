#include "cli/database_session.hpp"

#include <chrono>
#include <utility>

#include "cli/make_login.hpp"
#include "connect/connect.hpp"

namespace rolegate::cli {
namespace {

/// How long a login may take whose only purpose is to end a statement.
constexpr std::chrono::seconds kCancelTimeout{5};

}  // namespace

base::Result<void> with_session(Context& context, const FoundDatabase& found, login::Steps& steps,
                                const std::function<base::Result<void>(const Execute&)>& use) {
  const base::Deadline deadline = login_deadline(context.options, *found.database);
  auto& service = context.login_service();
  if (found.database->uri.engine == config::Engine::mysql) {
    const auto log_in = [&](base::Deadline until, login::Steps* walked) {
      return connect::log_in_mysql(service, found.config, *found.database, context.environment, until,
                                   walked);
    };
    const auto opened = log_in(deadline, &steps);
    log_steps(context.log, steps);
    if (!opened) return std::unexpected(opened.error());
    return use([&](const std::string& sql, StatementContext statement) {
      return execute_mysql(*opened->connection, sql, statement,
                           [&]() -> base::Result<connect::MysqlConnection> {
                             auto second = log_in(base::Deadline::in(kCancelTimeout), nullptr);
                             if (!second) return std::unexpected(std::move(second.error()));
                             return std::move(second->connection);
                           });
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

#include "cli/find_database.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/printable.hpp"
#include "cli/load_configuration.hpp"

namespace rolegate::cli {
namespace {

/// All that is wrong with this database, or with the file as a whole when nothing in it could be read.
std::string errors_about(const config::Loaded& loaded, std::string_view name) {
  std::string lines;
  for (const auto& problem : loaded.problems) {
    if (problem.severity != config::Severity::error) continue;
    if (problem.database == name || (problem.database.empty() && loaded.config.databases.empty())) {
      lines += "\n" + problem.text();
    }
  }
  return lines;
}

}  // namespace

base::Result<FoundDatabase> find_database(Context& context, std::string_view name, Warnings warnings) {
  auto loaded = load_configuration(context);
  if (!loaded) return std::unexpected(std::move(loaded.error()));

  const bool valid =
      std::ranges::any_of(loaded->config.databases, [&](const auto& d) { return d.name == name; });
  if (const std::string errors = errors_about(*loaded, name); !valid && !errors.empty()) {
    return base::fail(
        config::Errc::config_invalid,
        fmt::format("Database '{}' cannot be used: its configuration is not valid.{}", name, errors),
        "`rolegate config check` lists every problem of the file.");
  }
  if (warnings == Warnings::always || context.options.verbosity > 0) {
    for (const auto& problem : loaded->problems) {
      if (problem.severity == config::Severity::warning &&
          (problem.database.empty() || problem.database == name)) {
        context.err.write(fmt::format("rolegate: {}\n", base::printable(problem.text())));
      }
    }
    context.err.flush();  // before the answer, which may be standard output's
  }
  FoundDatabase found{std::move(loaded->config), nullptr};
  auto database = found.config.find(name);
  if (!database) return std::unexpected(std::move(database.error()));
  found.database = *database;
  return found;
}

base::Deadline login_deadline(const GlobalOptions& options, const config::Database& database) {
  if (options.timeout) return base::Deadline::in(*options.timeout);
  return base::Deadline::in(database.uri.connect_timeout.value_or(login::kDefaultTimeout));
}

std::string_view kind_title(const config::Database& database) {
  switch (database.kind()) {
    case config::Kind::aurora_postgresql:
      return "Aurora PostgreSQL";
    case config::Kind::aurora_mysql:
      return "Aurora MySQL";
    case config::Kind::redshift_provisioned:
      return "Redshift";
    case config::Kind::redshift_serverless:
      return "Redshift Serverless";
    case config::Kind::password:
      break;
  }
  switch (database.uri.engine) {
    case config::Engine::postgresql:
      return "PostgreSQL with a password";
    case config::Engine::mysql:
      return "MySQL with a password";
    case config::Engine::redshift:
      return "Redshift with a password";
  }
  return {};
}

std::string_view kind_code(config::Kind kind) {
  switch (kind) {
    case config::Kind::aurora_postgresql:
      return "aurora_postgresql";
    case config::Kind::aurora_mysql:
      return "aurora_mysql";
    case config::Kind::redshift_provisioned:
      return "redshift_provisioned";
    case config::Kind::redshift_serverless:
      return "redshift_serverless";
    case config::Kind::password:
      return "password";
  }
  return {};
}

}  // namespace rolegate::cli

#include "cli/config_check_command.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "base/counted.hpp"
#include "base/printable.hpp"
#include "cli/error_report.hpp"
#include "cli/json_text.hpp"
#include "cli/load_configuration.hpp"
#include "cli/style.hpp"
#include "cli/wrap.hpp"
#include "serve/all_problems.hpp"
#include "upstream/ca.hpp"

namespace rolegate::cli {
namespace json = boost::json;
namespace {

std::ptrdiff_t count(const config::Loaded& loaded, config::Severity severity) {
  return std::ranges::count(loaded.problems, severity, &config::Problem::severity);
}

std::string_view severity_name(config::Severity severity) {
  return severity == config::Severity::error ? "error" : "warning";
}

std::vector<std::string> addresses_of(const config::GatewayListeners& listeners) {
  std::vector<std::string> addresses;
  for (const auto& address : listeners.listen) addresses.push_back(address.text);
  return addresses;
}

json::array as_array(const std::vector<std::string>& texts) {
  return json::array(texts.begin(), texts.end());
}

/// {"postgresql": [address…], "mysql": [address…], "users": n}; null when there is no valid gateway section.
json::value gateway_json(const config::Config& config) {
  if (!config.gateway) return nullptr;
  return json::object{{"postgresql", as_array(addresses_of(config.gateway->postgresql))},
                      {"mysql", as_array(addresses_of(config.gateway->mysql))},
                      {"users", config.gateway->users.size()}};
}

/// "gateway: PostgreSQL at 127.0.0.1:6432, MySQL at 127.0.0.1:6033, 3 users."; empty without a gateway.
std::string gateway_text(const config::Config& config) {
  if (!config.gateway) return {};
  std::string text = "gateway: ";
  for (const auto& [name, listeners] :
       {std::pair("PostgreSQL", &config.gateway->postgresql), std::pair("MySQL", &config.gateway->mysql)}) {
    for (const auto& address : addresses_of(*listeners)) text += fmt::format("{} at {}, ", name, address);
  }
  for (const config::Database& database : config.databases) {
    for (const auto& address : database.listen)
      text += fmt::format("{} alone at {}, ", base::printable(database.name), address.text);
  }
  return text + base::counted(std::ssize(config.gateway->users), "user") + ".\n";
}

/// About the certificates that a database is verified with; nothing when all is there.
std::optional<config::Problem> certificate_problem(const config::Database& database,
                                                   const base::Environment& environment) {
  login::Login login;
  login.database = database.name;
  login.host = database.uri.host;
  login.ssl_root_cert = database.uri.ssl_root_cert;
  const auto trusted = upstream::trusted_certificates(login, environment);
  // What is wrong with sslrootcert itself is among all_problems.
  const std::string missing = trusted ? upstream::what_is_missing(*trusted, login.host) : std::string();
  if (trusted ? missing.empty() : !login.ssl_root_cert.empty()) return std::nullopt;
  config::Problem problem;
  problem.file = database.file;
  problem.line = database.line;
  problem.database = database.name;
  problem.field = database.uri.ssl_root_cert.empty() ? "sqlalchemy_uri" : "sqlalchemy_uri?sslrootcert";
  if (trusted) {
    problem.severity = config::Severity::warning;
    problem.message = missing;
    return problem;
  }
  const std::string subject = fmt::format("Database '{}': ", database.name);
  problem.message = trusted.error().message;
  if (problem.message.starts_with(subject)) problem.message.erase(0, subject.size());
  problem.remedy = trusted.error().hint;
  return problem;
}

}  // namespace

void add_certificate_problems(config::Loaded& loaded, const base::Environment& environment) {
  for (const config::Database& database : loaded.config.databases) {
    if (database.uri.ssl_mode == config::SslMode::require || database.uri.host.empty()) continue;
    auto problem = certificate_problem(database, environment);
    if (!problem) continue;
    const auto place = std::ranges::upper_bound(loaded.problems, problem->line, {}, &config::Problem::line);
    loaded.problems.insert(place, std::move(*problem));
  }
}

void write_config_check(Output& out, const config::Loaded& loaded) {
  const Paint paint(out.style());
  for (const auto& problem : loaded.problems) {
    // Elsewhere than on a terminal a line starts with the place, as compilers have it and editors read it.
    if (out.style().terminal) {
      const bool error = problem.severity == config::Severity::error;
      const char* mark = !error ? "!" : out.style().unicode ? "✗" : "x";
      out.write(fmt::format("{}{}{} ", error ? paint.red() : paint.yellow(), mark, paint.off()));
    }
    out.write(wrapped(problem.text(), 2, out.style()) + "\n");
  }
  const auto errors = count(loaded, config::Severity::error);
  const auto warnings = count(loaded, config::Severity::warning);
  const auto valid = base::counted(std::ssize(loaded.config.databases), "valid database");
  out.write(fmt::format("{}{}{}: {}, {}{}, {}.{}\n", loaded.problems.empty() ? "" : "\n",
                        gateway_text(loaded.config), base::printable(loaded.config.file), valid,
                        errors == 0 ? paint.green() : paint.red(), base::counted(errors, "error"),
                        base::counted(warnings, "warning"), paint.off()));
}

json::object config_check_json(const config::Loaded& loaded) {
  json::array databases;
  for (const auto& database : loaded.config.databases) databases.push_back(json::string(database.name));
  json::array problems;
  for (const auto& problem : loaded.problems) {
    problems.push_back({{"severity", severity_name(problem.severity)},
                        {"file", problem.file},
                        {"line", problem.line},
                        {"database", problem.database},
                        {"field", problem.field},
                        {"message", problem.message},
                        {"remedy", problem.remedy}});
  }
  return {{"file", loaded.config.file},
          {"ok", !loaded.has_errors()},
          {"databases", std::move(databases)},
          {"gateway", gateway_json(loaded.config)},
          {"errors", count(loaded, config::Severity::error)},
          {"warnings", count(loaded, config::Severity::warning)},
          {"problems", std::move(problems)}};
}

ExitStatus run(Context& context, const ConfigCheckArguments& arguments) {
  auto loaded = load_configuration(context);
  if (!loaded) return report(context.err, loaded.error(), arguments.json);
  loaded->problems = serve::all_problems(*loaded, context.clock);
  add_certificate_problems(*loaded, context.environment);
  if (arguments.json) {
    context.out.write(json_text(config_check_json(*loaded)) + "\n");
  } else {
    write_config_check(context.out, *loaded);
  }
  return loaded->has_errors() ? ExitStatus::wrong_usage : ExitStatus::done;
}

}  // namespace rolegate::cli

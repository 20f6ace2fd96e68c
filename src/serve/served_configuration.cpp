#include "serve/served_configuration.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "config/read/find_file.hpp"
#include "serve/all_problems.hpp"
#include "serve/connection_string.hpp"

namespace rolegate::serve {
namespace {

constexpr std::uint16_t kPort = 5432;  // psql's own default, so that nobody has to type it

std::unexpected<base::Error> invalid(std::string message) {
  return base::fail(config::Errc::config_invalid, std::move(message),
                    "They are listed above; `rolegate config check` shows them again.");
}

}  // namespace

void ServedConfiguration::serve_only(std::vector<std::string> databases, std::string folder) {
  databases_ = std::move(databases);
  folder_ = std::move(folder);
}

ServedConfiguration::Read ServedConfiguration::read_first() {
  auto found = config::find_file(file_, services_.environment);
  if (!found) return std::unexpected(std::move(found.error()));
  found_ = std::move(*found);
  return read(false);
}

ServedConfiguration::Read ServedConfiguration::read_again() {
  if (auto readable = config::check_readable_again(found_); !readable) {
    return std::unexpected(std::move(readable.error()));
  }
  return read(true);
}

ServedConfiguration::Read ServedConfiguration::read(bool again) {
  // First as it is named, so that a file that was found, and not named, is known for one.
  auto loaded = services_.load(again ? found_ : file_);
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  if (!databases_.empty()) return of_named_databases(std::move(*loaded));
  // Those of the files too. Whether a file keeps the gateway from serving is for whoever uses it to say: the
  // CA of one database does not.
  for (config::Problem& problem : all_problems(*loaded, services_.clock)) tell(std::move(problem));
  const std::string& file = loaded->config.file;
  if (again && loaded->has_errors()) return invalid(fmt::format("{} has errors.", file));
  if (loaded->config.gateway_broken || (loaded->config.databases.empty() && loaded->has_errors())) {
    return invalid(fmt::format("{} has errors that keep the gateway from running.", file));
  }
  return std::move(loaded->config);
}

ServedConfiguration::Read ServedConfiguration::of_named_databases(config::Loaded loaded) const {
  bool postgresql = false;
  bool mysql = false;
  for (const std::string& name : databases_) {
    const auto found = loaded.find(name);
    if (!found) return std::unexpected(found.error());
    for (const config::Problem& problem : loaded.problems) {
      if (problem.database == name) tell(problem);
    }
    ((*found)->uri.engine == config::Engine::mysql ? mysql : postgresql) = true;
  }
  config::Config& config = loaded.config;
  std::erase_if(config.databases, [&](const config::Database& database) {
    return std::ranges::find(databases_, database.name) == databases_.end();
  });
  config.broken.clear();
  for (config::Database& database : config.databases) database.listen.clear();
  config.gateway.emplace();
  config.gateway_broken = false;
  if (postgresql) {
    config.gateway->postgresql.listen.push_back({"unix:" + folder_, true, folder_, {}, kPort});
  }
  if (mysql) {
    const std::string socket = mysql_socket(folder_);
    config.gateway->mysql.listen.push_back({"unix:" + socket, true, socket, {}, 0});
  }
  return std::move(config);
}

void ServedConfiguration::tell(config::Problem problem) const {
  if (problem.severity == config::Severity::error) {
    services_.log.error("{}", problem.text());
  } else {
    problem.severity = config::Severity::error;  // its text has no word for that; the log's own is enough
    services_.log.warning("{}", problem.text());
  }
}

}  // namespace rolegate::serve

#include "cli/served_configuration.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/percent_encoding.hpp"
#include "cli/load_configuration.hpp"
#include "cli/printable.hpp"
#include "serve/all_problems.hpp"

namespace rolegate::cli {
namespace {

enum class ServeErrc { socket_folder_failed };
std::string_view code_name(ServeErrc code) {
  switch (code) {
    case ServeErrc::socket_folder_failed:
      return "socket_folder_failed";
  }
  return {};
}

void tell(Context& context, config::Problem problem) {
  if (problem.severity == config::Severity::error) {
    context.log.error("{}", printable(problem.text()));
  } else {
    problem.severity = config::Severity::error;  // its text has no word for that; the log's own is enough
    context.log.warning("{}", printable(problem.text()));
  }
}

/// Those of the files too. Whether a file keeps the gateway from serving is for whoever uses it to say: the
/// CA of one database does not.
void tell_problems(Context& context, const config::Loaded& loaded) {
  for (const config::Problem& problem : serve::all_problems(loaded, context.clock)) tell(context, problem);
}

/// In a shell word.
std::string quoted(std::string_view text) {
  const bool plain = !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-_./:@").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return std::string(text);
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

constexpr std::uint16_t kPort = 5432;  // psql's own default, so that nobody has to type it

}  // namespace

base::Result<SocketFolder> SocketFolder::make(const base::Environment& environment) {
  std::string path = environment.get_or("XDG_RUNTIME_DIR", "/tmp") + "/rolegate-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return base::fail(ServeErrc::socket_folder_failed,
                      fmt::format("No folder for sockets can be made at {}: {}.", path,
                                  std::generic_category().message(errno)),
                      "Set XDG_RUNTIME_DIR to a folder that can be written to.");
  }
  return SocketFolder(std::move(path));
}

SocketFolder::~SocketFolder() {
  if (!path_.empty()) ::rmdir(path_.c_str());
}

base::Result<std::shared_ptr<const config::Config>> configuration_to_serve(Context& context,
                                                                           const std::string& file,
                                                                           Reading reading) {
  auto loaded = load_configuration(context, file);
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  tell_problems(context, *loaded);
  if (reading == Reading::reload && loaded->has_errors()) {
    return base::fail(config::Errc::config_invalid, fmt::format("{} has errors.", loaded->config.file),
                      "They are listed above; `rolegate config check` shows them again.");
  }
  if (loaded->config.gateway_broken || (loaded->config.databases.empty() && loaded->has_errors())) {
    return base::fail(config::Errc::config_invalid,
                      fmt::format("{} has errors that keep the gateway from running.", loaded->config.file),
                      "They are listed above; `rolegate config check` shows them again.");
  }
  return std::make_shared<const config::Config>(std::move(loaded->config));
}

base::Result<std::shared_ptr<const config::Config>> configuration_to_serve(
    Context& context, const std::string& file, const std::vector<std::string>& databases,
    const std::string& folder) {
  auto loaded = load_configuration(context, file);
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  bool postgresql = false;
  bool mysql = false;
  for (const std::string& name : databases) {
    const auto found = loaded->find(name);
    if (!found) return std::unexpected(found.error());
    for (const config::Problem& problem : loaded->problems) {
      if (problem.database == name) tell(context, problem);
    }
    ((*found)->uri.engine == config::Engine::mysql ? mysql : postgresql) = true;
  }
  config::Config& config = loaded->config;
  std::erase_if(config.databases, [&](const config::Database& database) {
    return std::ranges::find(databases, database.name) == databases.end();
  });
  config.broken.clear();
  for (config::Database& database : config.databases) database.listen.clear();
  config.gateway.emplace();
  config.gateway_broken = false;
  if (postgresql) {
    config.gateway->postgresql.listen.push_back({"unix:" + folder, true, folder, {}, kPort});
  }
  if (mysql) {
    const std::string socket = folder + "/mysql.sock";
    config.gateway->mysql.listen.push_back({"unix:" + socket, true, socket, {}, 0});
  }
  return std::make_shared<const config::Config>(std::move(config));
}

ConnectionString connection_string(const config::Database& database, const std::string& folder) {
  const std::string name = base::percent_encode(database.name);
  if (database.uri.engine == config::Engine::mysql) {
    const std::string socket = folder + "/mysql.sock";
    return {fmt::format("mariadb --socket={} --database={}", quoted(socket), quoted(database.name)),
            fmt::format("mysql://localhost/{}?unix_socket={}", name, socket)};
  }
  return {fmt::format("psql --host={} --dbname={}", quoted(folder), quoted(database.name)),
          fmt::format("postgresql:///{}?host={}", name, folder)};
}

}  // namespace rolegate::cli

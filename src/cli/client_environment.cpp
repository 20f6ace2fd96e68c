#include "cli/client_environment.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "upstream/ca.hpp"
#include "upstream/resolve.hpp"

namespace rolegate::cli {
namespace {

constexpr std::chrono::seconds kResolveTimeout{10};

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

ClientEnvironment::~ClientEnvironment() {
  for (auto& variable : variables_) {
    if (variable.value) base::wipe(*variable.value);
  }
}

std::vector<std::string> ClientEnvironment::merged_into(std::span<const std::string> inherited) const {
  std::vector<std::string> merged;
  for (const auto& entry : inherited) {
    const std::string_view name = std::string_view(entry).substr(0, entry.find('='));
    if (std::ranges::find(variables_, name, &Variable::name) == variables_.end()) merged.push_back(entry);
  }
  for (const auto& variable : variables_) {
    if (!variable.value) continue;
    std::string& entry = merged.emplace_back();
    entry.reserve(variable.name.size() + 1 + variable.value->size());  // no growing: no copies left behind
    entry.append(variable.name).append("=").append(*variable.value);
  }
  return merged;
}

bool dials_elsewhere(const login::Login& login) {
  return login.dial != config::HostPort{login.host, login.port};
}

ClientEnvironment postgresql_environment(const login::Login& login, const std::string& ca_file,
                                         const std::string& dial_address) {
  return ClientEnvironment({
      {"PGHOST", login.host},
      {"PGHOSTADDR", unless_empty(dial_address)},
      {"PGPORT", std::to_string(login.dial.port)},
      {"PGUSER", login.user},
      {"PGPASSWORD", std::string(login.password.reveal())},
      {"PGDATABASE", unless_empty(login.db_name)},
      {"PGSSLMODE", std::string(config::ssl_mode_name(login.ssl_mode))},
      {"PGSSLROOTCERT", unless_empty(ca_file)},
      {"PGGSSENCMODE", "disable"},
      {"PGSERVICE", std::nullopt},
      {"PGREQUIRESSL", std::nullopt},
  });
}

ClientEnvironment mysql_environment(const login::Login& login, const std::string& ca_file) {
  return ClientEnvironment({
      {"MYSQL_HOST", login.dial.host},
      {"MYSQL_TCP_PORT", std::to_string(login.dial.port)},
      {"MYSQL_PWD", std::string(login.password.reveal())},
      {"MYSQL_USER", login.user},
      {"MYSQL_DATABASE", unless_empty(login.db_name)},
      {"MYSQL_SSL_CA", unless_empty(ca_file)},
      {"MYSQL_UNIX_PORT", std::nullopt},
  });
}

base::Result<ClientEnvironment> client_environment(const login::Login& login,
                                                   const base::Environment& environment) {
  auto ca_file = upstream::ca_file(login, environment);
  if (!ca_file) return std::unexpected(std::move(ca_file.error()));
  if (login.engine == config::Engine::mysql) return mysql_environment(login, *ca_file);
  std::string dial_address;
  if (dials_elsewhere(login)) {
    // libpq's PGHOSTADDR takes no names.
    auto addresses = upstream::resolve(login.dial.host, login.dial.port, base::Deadline::in(kResolveTimeout));
    if (!addresses) return std::unexpected(std::move(addresses.error()));
    dial_address = std::move(addresses->front());
  }
  return postgresql_environment(login, *ca_file, dial_address);
}

}  // namespace rolegate::cli

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/read/load.hpp"

using namespace rolegate;

namespace {

void check(const base::ListenAddress& address) {
  if (address.is_unix != address.host.empty() || address.is_unix != address.path.starts_with('/'))
    std::abort();
  if (address.path.size() > 107) std::abort();
}

/// Nobody gets in without a name, a way to prove it, and databases.
void check(const config::Gateway& gateway) {
  for (const config::GatewayListeners& listeners : {gateway.postgresql, gateway.mysql}) {
    for (const base::ListenAddress& address : listeners.listen) check(address);
    if (listeners.tls && (listeners.tls->cert.empty() || listeners.tls->key.empty())) std::abort();
  }
  for (const config::GatewayUser& user : gateway.users) {
    if (user.name.empty() || std::ranges::count(gateway.users, user.name, &config::GatewayUser::name) != 1)
      std::abort();
    if (!user.scram && !user.peer_uid && user.client_cert_cn.empty()) std::abort();
    if (user.mysql_native && !user.scram) std::abort();
    if (!user.all_databases && user.databases.empty()) std::abort();
  }
  if (gateway.max_sessions < 1 || gateway.login_rate < 1 || gateway.idle_timeout.count() < 0) std::abort();
}

}  // namespace

// Any file is read or refused; a database that is read is complete, and every problem has a text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const config::Loaded loaded = config::load_text(text, "rolegate.yaml", base::FixedEnvironment());
  for (const config::Problem& problem : loaded.problems) {
    if (problem.message.empty() || problem.line < 0 || problem.text().empty()) std::abort();
  }
  for (const config::Database& database : loaded.config.databases) {
    if (database.name.empty() || database.line < 1) std::abort();
    if (database.aws_iam && database.aws_iam->region.empty()) std::abort();
    const bool needs_user =
        database.kind() != config::Kind::password && database.kind() != config::Kind::redshift_serverless;
    if (needs_user && database.aws_iam->db_username.empty()) std::abort();
    if (!loaded.config.find(database.name)) std::abort();
    for (const base::ListenAddress& address : database.listen) check(address);
  }
  check(loaded.config.admin.listen);
  if (loaded.config.gateway) check(*loaded.config.gateway);
  if (loaded.config.gateway && loaded.config.gateway_broken) std::abort();
  return 0;
}

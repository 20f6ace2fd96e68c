#include "gateway/settings.hpp"

#include <tuple>
#include <utility>

#include "gateway/server_tls.hpp"

namespace rolegate::gateway {

base::Result<std::shared_ptr<const Settings>> make_settings(
    std::shared_ptr<const config::Snapshot> snapshot) {
  auto settings = std::make_shared<Settings>();
  if (snapshot->gateway) {
    const config::Gateway& gateway = *snapshot->gateway;
    for (const auto& [tls, protocol, context] :
         {std::tuple{&gateway.postgresql.tls, net::Protocol::postgresql, &settings->postgresql_tls},
          std::tuple{&gateway.mysql.tls, net::Protocol::mysql, &settings->mysql_tls}}) {
      if (!*tls) continue;
      auto made = make_server_context(**tls, protocol);
      if (!made) return std::unexpected(std::move(made.error()));
      *context = std::move(*made);
    }
    settings->max_sessions = gateway.max_sessions;
    settings->login_rate = gateway.login_rate;
    settings->idle_timeout = gateway.idle_timeout;
    settings->decoys = std::make_shared<const Decoys>(gateway.users);
  }
  settings->snapshot = std::move(snapshot);
  return settings;
}

std::shared_ptr<const Settings> with_snapshot(const Settings& settings,
                                              std::shared_ptr<const config::Snapshot> snapshot) {
  auto next = std::make_shared<Settings>(settings);
  next->snapshot = std::move(snapshot);
  return next;
}

}  // namespace rolegate::gateway

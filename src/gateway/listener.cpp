#include "gateway/listener.hpp"

namespace rolegate::gateway {
namespace {

void add(std::vector<Listener>& listeners, const std::vector<base::ListenAddress>& addresses,
         net::Protocol protocol, const std::string& database, const config::GatewayListeners& settings) {
  for (const base::ListenAddress& address : addresses) {
    listeners.push_back({.address = {},
                         .protocol = protocol,
                         .database = database,
                         .tls_required = settings.requires_tls(address),
                         .configured = address});
  }
}

}  // namespace

std::vector<Listener> shared_listeners(const config::Gateway* gateway) {
  std::vector<Listener> listeners;
  if (gateway == nullptr) return listeners;
  add(listeners, gateway->postgresql.listen, net::Protocol::postgresql, {}, gateway->postgresql);
  add(listeners, gateway->mysql.listen, net::Protocol::mysql, {}, gateway->mysql);
  return listeners;
}

std::vector<Listener> listeners_of(const config::Database& database, const config::Gateway* gateway) {
  std::vector<Listener> listeners;
  const config::Gateway none;
  const config::Gateway& settings = gateway != nullptr ? *gateway : none;
  if (database.uri.engine == config::Engine::mysql) {
    add(listeners, database.listen, net::Protocol::mysql, database.name, settings.mysql);
  } else {
    add(listeners, database.listen, net::Protocol::postgresql, database.name, settings.postgresql);
  }
  return listeners;
}

}  // namespace rolegate::gateway

#include "config/gateway.hpp"

#include <algorithm>

#include "config/read/parse_listen_address.hpp"

namespace rolegate::config {

bool GatewayListeners::requires_tls(const ListenAddress& address) const {
  return !address.is_unix && tls_required.value_or(!is_local(address));
}

bool GatewayUser::may_use(std::string_view database) const {
  return all_databases || std::ranges::find(databases, database) != databases.end();
}

bool GatewayUser::may_come_from(std::string_view host) const {
  return addresses.empty() ||
         std::ranges::any_of(addresses, [&](const Network& network) { return network.contains(host); });
}

const GatewayUser* Gateway::find_user(std::string_view name) const {
  const auto found = std::ranges::find(users, name, &GatewayUser::name);
  return found == users.end() ? nullptr : &*found;
}

}  // namespace rolegate::config

#include "config/gateway_user.hpp"

#include <algorithm>

namespace rolegate::config {

bool GatewayUser::may_use(std::string_view database) const {
  return all_databases || std::ranges::find(databases, database) != databases.end();
}

bool GatewayUser::may_come_from(std::string_view host) const {
  return addresses.empty() ||
         std::ranges::any_of(addresses, [&](const Network& network) { return network.contains(host); });
}

}  // namespace rolegate::config

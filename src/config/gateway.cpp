#include "config/gateway.hpp"

#include <algorithm>

namespace rolegate::config {

bool GatewayListeners::requires_tls(const base::ListenAddress& address) const {
  return !address.is_unix && tls_required.value_or(!is_local(address));
}

const GatewayUser* Gateway::find_user(std::string_view name) const {
  const auto found = std::ranges::find(users, name, &GatewayUser::name);
  return found == users.end() ? nullptr : &*found;
}

}  // namespace rolegate::config

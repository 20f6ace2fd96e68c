#include "config/gateway.hpp"

namespace rolegate::config {

bool GatewayListeners::requires_tls(const base::ListenAddress& address) const {
  return !address.is_unix && tls_required.value_or(!is_local(address));
}

}  // namespace rolegate::config

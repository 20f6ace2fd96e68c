#pragma once

#include <string>
#include <vector>

#include "base/listen_address.hpp"
#include "config/database.hpp"
#include "config/gateway.hpp"
#include "net/listening.hpp"

namespace rolegate::gateway {

/// Where clients come in, as the configuration says and as they see it. `database`: of a listener of its own;
/// empty: the client chooses. Not the socket itself: that is closed when the gateway drains, whatever
/// sessions came through it.
struct Listener {
  std::string address;  ///< as it really is, once there is a socket
  net::Protocol protocol = net::Protocol::postgresql;
  std::string database;
  bool tls_required = false;
  base::ListenAddress configured = {};
};

/// Those where clients choose. `gateway` null: there are none.
[[nodiscard]] std::vector<Listener> shared_listeners(const config::Gateway* gateway);
/// Those of that database alone.
[[nodiscard]] std::vector<Listener> listeners_of(const config::Database& database,
                                                 const config::Gateway* gateway);

}  // namespace rolegate::gateway

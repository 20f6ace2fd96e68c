#pragma once

#include <string>

#include "net/listening.hpp"

namespace rolegate::gateway {

/// Where clients come in. `database`: of a listener of its own; empty: the client chooses. Not the socket
/// itself: that is closed when the gateway drains, whatever sessions came through it.
struct Listener {
  std::string address;
  net::Wire wire = net::Wire::postgresql;
  std::string database;
  bool tls_required = false;
};

}  // namespace rolegate::gateway

#pragma once

#include <string>

#include "net/stream.hpp"

namespace rolegate::upstream {

/// What TLS is made with on the way to a database.
struct TlsTarget {
  net::SslContextPtr context;
  std::string name;  ///< the endpoint
  bool check_name = true;
};

}  // namespace rolegate::upstream

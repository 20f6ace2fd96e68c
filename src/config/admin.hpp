#pragma once

#include "base/listen_address.hpp"

namespace rolegate::config {

struct Admin {
  base::ListenAddress listen{"127.0.0.1:9432", false, {}, "127.0.0.1", 9432};
  bool configured =
      false;  ///< the file says it; a default that is taken by another process is no reason to fail
};

}  // namespace rolegate::config

#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"

namespace rolegate::upstream {

/// Why a database did not let a login in.
struct UpstreamFailure {
  base::Error error;
  std::string said = {};         ///< the database's own words, fit to print; empty where the error holds them
  std::string sqlstate = {};     ///< the database's own, when it gave one
  std::uint16_t mysql_code = 0;  ///< likewise
};

}  // namespace rolegate::upstream

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
  std::string whole = {};        ///< the error's sentence with those words in it; empty where it holds them

  /// The error for somebody who is shown nothing else.
  [[nodiscard]] base::Error whole_error() const {
    base::Error shown = error;
    if (!whole.empty()) shown.message = whole;
    return shown;
  }
};

}  // namespace rolegate::upstream

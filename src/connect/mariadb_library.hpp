#pragma once

#include "base/error.hpp"

namespace rolegate::connect {

/// Opens MariaDB Connector/C, if that has not been done yet; thread-safe. Until this has succeeded, no
/// mysql_… function may be called. pq_library.hpp says why and how.
[[nodiscard]] base::Result<void> load_mariadb_library();

}  // namespace rolegate::connect

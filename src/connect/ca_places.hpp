#pragma once

#include <string>
#include <vector>

#include "base/environment.hpp"

namespace rolegate::connect {

/// Where Amazon's RDS bundle may be, best first.
[[nodiscard]] std::vector<std::string> rds_bundle_places(const base::Environment& environment);
/// Where the system store may be, best first.
[[nodiscard]] std::vector<std::string> system_store_places(const base::Environment& environment);

}  // namespace rolegate::connect

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/environment.hpp"

namespace rolegate::upstream {

/// Where a file of CAs may be.
struct CaPlace {
  std::string path;
  bool installed = false;  ///< with the program or the system; else somebody has named it or keeps it there
};

/// Where Amazon's RDS bundle for a partition ("aws") may be, best first.
[[nodiscard]] std::vector<CaPlace> rds_bundle_places(const base::Environment& environment,
                                                     std::string_view partition);
/// Where a newer one than the built-in is kept, so that it is found: $ROLEGATE_RDS_CA_BUNDLE itself; for root
/// /var/lib/rolegate-ca, where everybody finds it; else $XDG_DATA_HOME/rolegate. Empty when there is no home.
[[nodiscard]] std::string kept_bundle_place(const base::Environment& environment, std::string_view partition,
                                            bool for_root);
/// Where the system store may be, best first.
[[nodiscard]] std::vector<CaPlace> system_store_places(const base::Environment& environment);

}  // namespace rolegate::upstream

#pragma once

#include <optional>
#include <span>
#include <string>

#include "config/admin.hpp"
#include "config/config.hpp"
#include "config/gateway.hpp"
#include "config/read/taken_addresses.hpp"
#include "config/text/node.hpp"
#include "config/text/report.hpp"

namespace rolegate::config {

/// Reads the section `gateway`. Everything that is wrong is reported; nothing is returned then. `databases`:
/// the names in the file, of broken ones too. Read it before the databases: where their listeners are in each
/// other's way, one database is broken, not the gateway.
[[nodiscard]] std::optional<Gateway> read_gateway(const Node& section, std::span<const std::string> databases,
                                                  TakenAddresses& taken, Report& report);

/// Reads the section `admin`; nothing after an error.
[[nodiscard]] std::optional<Admin> read_admin(const Node& section, TakenAddresses& taken, Report& report);

/// Warns of what is valid and lets nobody in: listeners without users who could log in there, users without
/// such a listener. Once all listeners are known; `section`: of the gateway, null when there is none.
void warn_of_closed_doors(const Config& config, const Node* section, const TakenAddresses& taken,
                          Report& report);

}  // namespace rolegate::config

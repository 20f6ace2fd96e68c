#pragma once

#include <span>
#include <string>
#include <vector>

#include "config/gateway_user.hpp"
#include "config/text/fields.hpp"
#include "config/text/report.hpp"

namespace rolegate::config {

/// What users are checked against.
struct UserSurroundings {
  std::span<const std::string> databases;  ///< the names in the file, of broken ones too
  bool client_ca = false;                  ///< some listener verifies client certificates
};

/// The list `users` of the gateway section. Everything that is wrong is reported; after an error the list is
/// not whole.
[[nodiscard]] std::vector<GatewayUser> read_gateway_users(Fields& gateway,
                                                          const UserSurroundings& surroundings,
                                                          Report& report);

}  // namespace rolegate::config

#pragma once

#include <string>
#include <vector>

#include "gateway/gateway.hpp"

namespace rolegate::serve {

/// Where a client can connect, for people: "PostgreSQL at 127.0.0.1:6432 (database orders)".
[[nodiscard]] std::string listener_text(const gateway::Listener& listener);

/// Where the service can be reached, for programs: JSON on one line, [{"protocol": "postgresql", "address":
/// "127.0.0.1:41234", "database": "orders"}, …]. The protocols are postgresql, mysql and, for the admin
/// pages, http; there is no "database" where clients choose. `admin`: where the pages are; empty: nowhere.
[[nodiscard]] std::string listeners_json(const std::vector<gateway::Listener>& listeners,
                                         const std::string& admin);

}  // namespace rolegate::serve

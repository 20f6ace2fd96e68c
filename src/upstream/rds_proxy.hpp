#pragma once

#include <optional>
#include <string_view>

#include "base/error.hpp"
#include "login/login.hpp"

namespace rolegate::upstream {

/// What an RDS Proxy says in its own name, PostgreSQL and MySQL alike; nothing for any other text. `reason`
/// is the server's text, fit to print
/// (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.troubleshooting.html).
[[nodiscard]] std::optional<base::Error> rds_proxy_refusal(const login::Login& login,
                                                           std::string_view reason);

}  // namespace rolegate::upstream

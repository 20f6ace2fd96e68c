#pragma once

#include <string_view>

#include "base/error.hpp"

namespace rolegate::gateway {

enum class Errc {
  login_rate_exceeded,  ///< too many logins of this database wait already
  upstream_timeout,     ///< no login came about in time
  upstream_lost,        ///< the database ended the connection in the middle of the login
  greeting_differs,     ///< the database is not what its clients were told (its version changed)
  gateway_not_configured,
};
[[nodiscard]] std::string_view code_name(Errc code);

}  // namespace rolegate::gateway

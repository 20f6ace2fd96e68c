#pragma once

#include <string_view>

#include "base/error.hpp"

namespace rolegate::upstream {

/// Why a login to a database does not come about.
enum class Errc {
  resolve_failed,
  connect_failed,
  connect_timeout,
  tls_not_offered,
  tls_verification_failed,
  tls_failed,
  bytes_before_tls,
  iam_token_refused,     ///< the database refused an IAM login
  password_refused,      ///< … or a configured password
  rate_limited,          ///< too many IAM connections at once
  database_unavailable,  ///< it answered, but does not take sessions (starting up, too many connections)
  connection_failed,     ///< anything else the server or the client library said
  ca_missing,
  login_rate_exceeded,  ///< too many logins of this database wait already
  upstream_timeout,     ///< no login came about in time
  upstream_lost,        ///< the database ended the connection in the middle of the login
  greeting_differs,     ///< the database is not what its clients were told (its version changed)
};
[[nodiscard]] std::string_view code_name(Errc code);

}  // namespace rolegate::upstream

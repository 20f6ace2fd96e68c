#pragma once

#include <string>

#include "base/error.hpp"
#include "base/listen_address.hpp"
#include "net/listening.hpp"

namespace rolegate::net {

/// Where the socket of a unix address is: FOLDER/.s.PGSQL.PORT for PostgreSQL, the path itself for MySQL.
[[nodiscard]] std::string unix_socket_path(const base::ListenAddress& address, Protocol protocol);

/// listen_at for a unix address.
[[nodiscard]] base::Result<ListeningSocket> listen_on_unix(const base::ListenAddress& address,
                                                           Protocol protocol, bool only_owner);

}  // namespace rolegate::net

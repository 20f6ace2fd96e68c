#pragma once

#include <expected>
#include <string_view>

#include "base/listen_address.hpp"
#include "config/name_fault.hpp"

namespace rolegate::config {

/// What a unix address stands for where it is written.
enum class SocketForm {
  folder,  ///< PostgreSQL: sockets are .s.PGSQL.PORT in it
  file,    ///< MySQL: the socket itself
  none,    ///< only TCP is taken
};

/// Of a PostgreSQL socket in a folder that is written without one.
inline constexpr std::uint16_t kDefaultSocketPort = 6432;

/// "127.0.0.1:6432", "[::1]:6432", "unix:/run/rolegate", or why it is none of them. A folder's address may
/// name the socket in it, "unix:/run/rolegate/.s.PGSQL.5432", for another port than kDefaultSocketPort. Hosts
/// and paths come out in one spelling, whichever way they are written.
[[nodiscard]] std::expected<base::ListenAddress, NameFault> parse_listen_address(std::string_view text,
                                                                                 SocketForm form);

}  // namespace rolegate::config

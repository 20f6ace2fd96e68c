#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "wire/mysql/packets.hpp"

namespace rolegate::wire::mysql {

/// COM_CHANGE_USER: a client asks for a session of another user, or for a new one of its own, on the
/// connection that it has.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_change_user.html
struct ChangeUser {
  std::string user;
  base::Secret auth_response;
  std::string schema;                          ///< empty: none
  std::optional<std::uint16_t> character_set;  ///< nothing: the one that there was
  std::string auth_plugin;
  std::string attributes;  ///< see HandshakeResponse
};

/// `session`: the capabilities that client and server have agreed on, CLIENT_SECURE_CONNECTION among them.
/// Nothing when it is malformed.
[[nodiscard]] std::optional<ChangeUser> parse_change_user(std::string_view payload, Capabilities session);

}  // namespace rolegate::wire::mysql

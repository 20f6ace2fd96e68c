#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rolegate::wire::mysql {

/// Where in a statement the connection id is that it kills.
struct KillTarget {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::uint32_t id = 0;
};

/// `KILL [HARD | SOFT] [QUERY | CONNECTION] <digits> [;]`, with white space and comments anywhere; nothing
/// for any other statement (KILL QUERY ID, KILL USER and KILL CONNECTION_ID() name no connection of this
/// gateway's). https://mariadb.com/kb/en/kill/ https://dev.mysql.com/doc/refman/8.0/en/kill.html
[[nodiscard]] std::optional<KillTarget> find_kill_target(std::string_view statement);

/// A KILL is a short statement; a longer COM_QUERY is not looked at.
inline constexpr std::size_t kMaxKill = 128;

/// Whom a command kills that does nothing else; `payload`: of its packet.
[[nodiscard]] std::optional<std::uint32_t> find_killed(std::string_view payload);

}  // namespace rolegate::wire::mysql

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace rolegate::wire::mysql {

/// Where in a text the connection id is that a statement kills.
struct KillTarget {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::uint32_t id = 0;
};

/// The KILL statements of a COM_QUERY's or COM_STMT_PREPARE's text.
struct Kills {
  /// In order: ids that can be replaced where they are.
  std::vector<KillTarget> targets;
  /// Numbers in those of a form in which the id cannot be told for sure: `KILL 1 + 1`.
  std::vector<std::uint32_t> other_numbers;
  /// There is nothing but the statement of the one target …
  bool alone = false;
  /// … or but a KILL whose id is a parameter: `KILL ?`.
  bool parameter = false;
};

/// `KILL [HARD | SOFT] [QUERY | CONNECTION] <digits>`, the digits in parentheses or not, with white space and
/// comments anywhere; also as the text of `EXECUTE IMMEDIATE` and `PREPARE … FROM`, and among other
/// statements as far as it is certain where those end, whatever the session's sql_mode and character set are.
/// KILL QUERY ID, KILL USER and KILL CONNECTION_ID() name no connection of this gateway's.
/// https://mariadb.com/kb/en/kill/ https://dev.mysql.com/doc/refman/8.0/en/kill.html
[[nodiscard]] Kills find_kills(std::string_view text);

/// A longer text is not looked at.
inline constexpr std::size_t kMaxKill = 1024;

/// The number that a COM_STMT_EXECUTE gives for the only parameter of its statement, whatever its type.
[[nodiscard]] std::optional<std::uint32_t> only_parameter(std::string_view payload);
/// A longer one gives no number.
inline constexpr std::size_t kMaxExecution = 64;

/// Whom a command kills that does nothing else; `payload`: of its packet.
[[nodiscard]] std::optional<std::uint32_t> find_killed(std::string_view payload);

}  // namespace rolegate::wire::mysql

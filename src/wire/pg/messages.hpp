#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rolegate::wire::pg {

/// https://www.postgresql.org/docs/15/protocol-message-formats.html

/// In the order in which they came.
using Parameters = std::vector<std::pair<std::string, std::string>>;

/// What a CancelRequest must show. A key of this gateway's own is made of 64 random bits.
struct CancelKey {
  std::uint32_t process_id = 0;
  std::uint32_t secret = 0;
  bool operator==(const CancelKey&) const = default;
};

/// An ErrorResponse or NoticeResponse, taken apart. Empty: the field was not there.
struct ErrorFields {
  std::string severity = "FATAL";  ///< V, else S
  std::string sqlstate;
  std::string message;
  std::string detail;
  std::string hint;
};

/// The whole message, framed: 'E', length, fields S V C M D H. A NUL inside a text ends that text.
[[nodiscard]] std::string error_response(const ErrorFields& fields);
/// The body of an ErrorResponse. Nothing when it is malformed.
[[nodiscard]] std::optional<ErrorFields> parse_error_response(std::string_view body);

/// "R", 8, 0: what a client that has been let in is told first.
[[nodiscard]] std::string authentication_ok();

/// The last six bytes that a server sends before it waits for the next query: ReadyForQuery. A relay that
/// looks for nothing else can tell an idle session by it.
[[nodiscard]] bool ends_with_ready_for_query(std::string_view last_bytes);

}  // namespace rolegate::wire::pg

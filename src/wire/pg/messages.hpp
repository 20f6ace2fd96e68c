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

/// What a CancelRequest must show.
struct CancelKey {
  /// Of a secret: before protocol 3.2, what servers give since, the most that anybody may.
  static constexpr std::size_t kSize30 = 4;
  static constexpr std::size_t kSize32 = 32;
  static constexpr std::size_t kMaxSize = 256;

  std::uint32_t process_id = 0;  ///< 0: there is no key
  std::string secret;
  bool operator==(const CancelKey&) const = default;
};
/// The body of a BackendKeyData, or of a CancelRequest behind its code. Nothing when it is malformed.
[[nodiscard]] std::optional<CancelKey> parse_cancel_key(std::string_view body);
[[nodiscard]] std::string backend_key_data(const CancelKey& key);

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

/// The body of a ParameterStatus. Nothing when it is malformed.
[[nodiscard]] std::optional<Parameters::value_type> parse_parameter_status(std::string_view body);
[[nodiscard]] std::string parameter_status(const Parameters::value_type& parameter);

/// "R", 8, 0: what a client that has been let in is told first.
[[nodiscard]] std::string authentication_ok();
/// Outside of a transaction.
[[nodiscard]] std::string ready_for_query();

}  // namespace rolegate::wire::pg

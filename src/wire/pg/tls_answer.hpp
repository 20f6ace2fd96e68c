#pragma once

#include <string_view>

namespace rolegate::wire::pg {

/// What a server answers to SSLRequest: one byte in the clear, and then nothing until TLS is up. Anything
/// behind it would be taken for the server's own words from within TLS (CVE-2021-23222).
enum class TlsAnswer {
  incomplete,
  yes,
  yes_and_more,
  no,
  error,  ///< an ErrorResponse begins
  other,
};

[[nodiscard]] constexpr TlsAnswer read_tls_answer(std::string_view bytes) {
  if (bytes.empty()) return TlsAnswer::incomplete;
  switch (bytes.front()) {
    case 'S':
      return bytes.size() == 1 ? TlsAnswer::yes : TlsAnswer::yes_and_more;
    case 'N':
      return TlsAnswer::no;
    case 'E':
      return TlsAnswer::error;
    default:
      return TlsAnswer::other;
  }
}

}  // namespace rolegate::wire::pg

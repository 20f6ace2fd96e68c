#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rolegate::wire::pg {

/// The first Int32 of an 'R' message's body: what the server asks for.
/// https://www.postgresql.org/docs/15/protocol-message-formats.html, "Authentication…"
enum class Authentication : std::uint32_t {
  ok = 0,
  kerberos_v5 = 2,
  cleartext_password = 3,
  crypt_password = 4,
  md5_password = 5,
  scm_credential = 6,
  gss = 7,
  gss_continue = 8,
  sspi = 9,
  sasl = 10,
  sasl_continue = 11,
  sasl_final = 12,
  redshift_digest = 13,  ///< Redshift's own, for its own drivers only
  redshift_idp = 14,     ///< likewise
};

/// For people: "GSSAPI authentication".
[[nodiscard]] std::string authentication_name(Authentication kind);

[[nodiscard]] std::string authentication_sasl(std::span<const std::string_view> mechanisms);
[[nodiscard]] std::string authentication_sasl_continue(std::string_view data);
[[nodiscard]] std::string authentication_sasl_final(std::string_view data);

}  // namespace rolegate::wire::pg

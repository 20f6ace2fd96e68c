#include "wire/pg/authentication.hpp"

#include "wire/pg/framing.hpp"

namespace rolegate::wire::pg {
namespace {

std::string authentication(Authentication kind, std::string_view data) {
  std::string body;
  append_int32(body, static_cast<std::uint32_t>(kind));
  body.append(data);
  return message('R', body);
}

}  // namespace

std::string authentication_name(Authentication kind) {
  switch (kind) {
    case Authentication::ok:
      return "no authentication";
    case Authentication::kerberos_v5:
      return "Kerberos V5 authentication";
    case Authentication::cleartext_password:
      return "a password in the clear";
    case Authentication::crypt_password:
      return "crypt() authentication";
    case Authentication::md5_password:
      return "MD5 authentication";
    case Authentication::scm_credential:
      return "SCM credentials";
    case Authentication::gss:
    case Authentication::gss_continue:
      return "GSSAPI authentication";
    case Authentication::sspi:
      return "SSPI authentication";
    case Authentication::sasl:
    case Authentication::sasl_continue:
    case Authentication::sasl_final:
      return "SASL authentication";
    case Authentication::redshift_digest:
      return "Redshift's digest authentication";
    case Authentication::redshift_idp:
      return "Redshift's identity provider authentication";
  }
  return "authentication of an unknown kind (" + std::to_string(static_cast<std::uint32_t>(kind)) + ")";
}

std::string authentication_sasl(std::span<const std::string_view> mechanisms) {
  std::string list;
  for (const std::string_view mechanism : mechanisms) append_string(list, mechanism);
  list.push_back('\0');
  return authentication(Authentication::sasl, list);
}

std::string authentication_sasl_continue(std::string_view data) {
  return authentication(Authentication::sasl_continue, data);
}

std::string authentication_sasl_final(std::string_view data) {
  return authentication(Authentication::sasl_final, data);
}

}  // namespace rolegate::wire::pg

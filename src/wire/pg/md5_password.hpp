#pragma once

#include <optional>
#include <string_view>

#include "base/secret.hpp"

namespace rolegate::wire::pg {

/// The answer to AuthenticationMD5Password: "md5" and the hexadecimal MD5 of (MD5 of password and user,
/// hexadecimal) and salt. Nothing when this OpenSSL has no MD5 (FIPS).
/// https://www.postgresql.org/docs/15/protocol-flow.html#id-1.10.6.7.3
[[nodiscard]] std::optional<base::Secret> md5_password(std::string_view user, std::string_view password,
                                                       std::string_view salt);

}  // namespace rolegate::wire::pg

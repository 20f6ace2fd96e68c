#pragma once

#include <string>
#include <string_view>

#include "wire/mysql/packets.hpp"

namespace rolegate::wire::mysql {

/// mysql_native_password: SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password))); nothing for an empty
/// password.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_authentication_methods_native_password_authentication.html
[[nodiscard]] std::string native_response(std::string_view password, std::string_view scramble);

/// Whether `response` was made from the password of that hash. Constant time.
[[nodiscard]] bool native_response_fits(const NativeHash& hash, std::string_view scramble,
                                        std::string_view response);

}  // namespace rolegate::wire::mysql

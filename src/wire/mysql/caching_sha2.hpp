#pragma once

#include <string>
#include <string_view>

#include "base/sha256.hpp"

namespace rolegate::wire::mysql {

/// caching_sha2_password.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html

/// What is said in a packet of one byte: by the client, the first; by the server, behind kAuthMoreData.
inline constexpr char kRequestPublicKey = '\x02';
inline constexpr char kFastAuthSuccess = '\x03';
inline constexpr char kPerformFullAuthentication = '\x04';

/// SHA256(SHA256(password)): PasswordVerifiers::fast_check of a password that was right.
[[nodiscard]] base::Sha256Digest fast_check_of(std::string_view password);

/// SHA256(password) XOR SHA256(SHA256(SHA256(password)) + scramble); nothing for an empty password.
[[nodiscard]] std::string fast_response(std::string_view password, std::string_view scramble);

/// Whether `response` was made from the password of that digest. Constant time.
[[nodiscard]] bool fast_response_fits(const base::Sha256Digest& fast_check, std::string_view scramble,
                                      std::string_view response);

}  // namespace rolegate::wire::mysql

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <openssl/types.h>

#include "base/secret.hpp"

namespace rolegate::wire::mysql {

/// The ways a password itself goes over the wire: as text with a NUL behind it (inside TLS, over a unix
/// socket), or that, XORed with the scramble again and again, in RSA-OAEP (SHA-1, MGF1), as
/// caching_sha2_password and sha256_password do without TLS.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html

/// Nothing unless a NUL ends it and there is no other in it.
[[nodiscard]] std::optional<base::Secret> parse_clear_password(std::string_view payload);

/// The PEM text (SubjectPublicKeyInfo) that a client encrypts with.
[[nodiscard]] std::string public_key_pem(EVP_PKEY& key);
/// Nothing when it was not encrypted with that key, or holds no password.
[[nodiscard]] std::optional<base::Secret> decrypt_password(EVP_PKEY& key, std::string_view scramble,
                                                           std::string_view ciphertext);

}  // namespace rolegate::wire::mysql

#pragma once

#include <string>

#include <openssl/types.h>

namespace rolegate::net {

/// Has a client's TLS take certificates that these (PEM) vouch for, and no others. False when there is none
/// among them.
[[nodiscard]] bool verify_with(SSL_CTX* context, const std::string& pem);

/// Says who the server is to be: SNI, unless the name is an address, and with `check` the name that its
/// certificate must be for.
[[nodiscard]] bool expect_server(SSL* ssl, const std::string& name, bool check);

}  // namespace rolegate::net

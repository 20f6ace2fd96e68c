#pragma once

#include "net/stream.hpp"

namespace rolegate::net {

/// For TLS towards a server: nobody is verified yet (see verify_with). Null: OpenSSL has no memory.
[[nodiscard]] SslContextPtr make_client_context();
/// For TLS towards clients: without certificate and key yet. Null: OpenSSL has no memory.
[[nodiscard]] SslContextPtr make_server_context();

}  // namespace rolegate::net

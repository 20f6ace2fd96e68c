#pragma once

#include "base/error.hpp"
#include "config/gateway.hpp"
#include "gateway/stream.hpp"

namespace rolegate::gateway {

enum class TlsErrc { gateway_tls_invalid };
[[nodiscard]] std::string_view code_name(TlsErrc code);

/// What the gateway shows its clients: certificate, key, and whose client certificates it takes. Reads the
/// files. Client certificates are asked for when client_ca is set, and verified when they are shown, against
/// client_crl too; whoever shows none has to prove itself in another way. A PostgreSQL client that names its
/// protocol (ALPN) must name that one.
[[nodiscard]] base::Result<SslContextPtr> make_server_context(const config::GatewayTls& tls, Wire wire);
[[nodiscard]] bool asks_for_certificate(const SslContextPtr& context);

}  // namespace rolegate::gateway

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "config/gateway.hpp"
#include "net/stream.hpp"

namespace rolegate::gateway {

enum class TlsErrc { gateway_tls_invalid };
[[nodiscard]] std::string_view code_name(TlsErrc code);

/// What the gateway shows its clients: certificate, key, and whose client certificates it takes. Reads the
/// files. Client certificates are asked for when client_ca is set, and verified when they are shown, against
/// client_crl too; whoever shows none has to prove itself in another way. A PostgreSQL client that names its
/// protocol (ALPN) must name that one.
[[nodiscard]] base::Result<net::SslContextPtr> make_server_context(const config::GatewayTls& tls,
                                                                   net::Protocol protocol);
[[nodiscard]] bool asks_for_certificate(const net::SslContextPtr& context);

/// What is wrong with one of the files, or odd about it.
struct TlsFileFault {
  std::string_view field;  ///< "cert", "key", "client_ca", "client_crl"
  std::string message;     ///< "FILE cannot be used: …"
  std::string remedy;
  bool warning = false;  ///< the gateway serves with it, but not well
};
/// All of them, where make_server_context stops at the first that is wrong. Warnings: a certificate whose
/// time is not `now`, a key that everybody may read.
[[nodiscard]] std::vector<TlsFileFault> check_tls_files(const config::GatewayTls& tls, base::WallTime now);

}  // namespace rolegate::gateway

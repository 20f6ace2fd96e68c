#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "login/login.hpp"
#include "net/certificate_check.hpp"
#include "upstream/ca.hpp"

namespace rolegate::connect {

/// What is wrong with the certificate of the server at `address` (numeric), which a client library has
/// refused. libpq does not say, Connector/C only in part; so this begins TLS with the server once more, and
/// ends it when the certificate has been seen. Nothing is sent but the request for TLS and the handshake's
/// beginning. Nothing comes back when the server could not be asked, or no fault was found.
[[nodiscard]] std::optional<net::CertificateCheck> examine_certificate(
    const login::Login& login, const std::string& address, const upstream::TrustedCertificates& trusted,
    base::Deadline deadline);

}  // namespace rolegate::connect

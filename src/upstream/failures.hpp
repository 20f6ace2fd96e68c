#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "login/login.hpp"
#include "net/certificate_check.hpp"
#include "upstream/ca.hpp"

namespace rolegate::upstream {

/// How far an attempt to connect has come.
enum class Stage {
  connecting,  ///< TCP
  greeting,    ///< MySQL only: the server speaks first
  tls,
  handshake,  ///< inside TLS: the login itself
};

/// "database 'orders' (app_rw at db.example.com:5432, dialled at 127.0.0.1:6000)": what every sentence of
/// this module is about.
[[nodiscard]] std::string place(const login::Login& login);

// One function per way to fail; `reason` is what the server or the system said, already fit to print.
[[nodiscard]] base::Error not_connected(const login::Login& login, std::string_view reason);
[[nodiscard]] base::Error timed_out(const login::Login& login, Stage stage);
[[nodiscard]] base::Error tls_not_offered(const login::Login& login);
/// TLS that did not come about, but for the certificate; `reason`: OpenSSL's, or the client library's.
[[nodiscard]] base::Error tls_failed(const login::Login& login, std::string_view reason);
/// `trusted`: what the certificate was checked against.
[[nodiscard]] base::Error certificate_refused(const login::Login& login, const net::CertificateCheck& check,
                                              const TrustedCertificates& trusted);
[[nodiscard]] base::Error bytes_before_tls(const login::Login& login);
/// iam_token_refused or password_refused, with the causes in the order of their likelihood.
[[nodiscard]] base::Error login_refused(const login::Login& login, std::string_view reason);
/// The login's password is an IAM token, and the database asks for a proof of another kind (`asked`): it was
/// given none.
[[nodiscard]] base::Error token_not_asked_for(const login::Login& login, std::string_view asked);
[[nodiscard]] base::Error rate_limited(const login::Login& login, std::string_view reason);
[[nodiscard]] base::Error database_unavailable(const login::Login& login, std::string_view reason);
[[nodiscard]] base::Error connection_failed(const login::Login& login, std::string_view reason,
                                            std::string hint = {}, bool retryable = false);

/// In the middle of a login; `why`: what the system or OpenSSL said, empty for a plain end. `heard`: anything
/// had come before.
[[nodiscard]] base::Error connection_lost(const login::Login& login, std::string_view why, bool heard);

/// A login that was refused, and made from what is kept, may only have been stale (a role's session revoked,
/// a Redshift password changed): it gets one second chance with everything asked anew.
[[nodiscard]] bool deserves_fresh_login(const login::Login& login, const base::Error& error);

}  // namespace rolegate::upstream

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "login/login.hpp"
#include "upstream/ca.hpp"
#include "upstream/failures.hpp"

namespace rolegate::upstream {

/// libpq's account of a failed connection, taken apart.
struct PgFailure {
  std::string sqlstate;  ///< five characters when the server answered with an error, else empty
  std::string reason;    ///< the server's or libpq's own first line, fit to print
  std::optional<net::CertificateCheck> certificate =
      std::nullopt;  ///< what is wrong with it, when that is known
};

/// Reads PQerrorMessage after PQsetErrorVerbosity(PQERRORS_VERBOSE), the only way to learn the SQLSTATE of a
/// failed connection. Lines after the first are libpq's guesses ("SSL off") and are dropped.
[[nodiscard]] PgFailure read_pg_failure(std::string_view message);

/// Whether it is about the server's certificate.
[[nodiscard]] bool blames_certificate(const PgFailure& failure);

/// The error for it. https://www.postgresql.org/docs/15/errcodes-appendix.html
[[nodiscard]] base::Error pg_error(const login::Login& login, Stage stage, const PgFailure& failure,
                                   const TrustedCertificates& trusted);

}  // namespace rolegate::upstream

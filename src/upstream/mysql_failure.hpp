#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "login/login.hpp"
#include "upstream/ca.hpp"
#include "upstream/failures.hpp"

namespace rolegate::upstream {

/// Connector/C's account of a failed connection, taken apart.
struct MysqlFailure {
  unsigned int code = 0;  ///< the server's error number (1000–1999, 3000 and up) or the library's (2000–2999)
  std::string reason;     ///< fit to print
  bool from_server = false;
  std::optional<net::CertificateCheck> certificate =
      std::nullopt;  ///< what is wrong with it, when that is known
};

/// `code` and `text` are mysql_errno and mysql_error. An error packet that came before TLS is wrapped by
/// Connector/C in a sentence of its own; here it is unwrapped.
[[nodiscard]] MysqlFailure read_mysql_failure(unsigned int code, std::string_view text);

/// The connection never came about, so another address may be tried.
[[nodiscard]] bool is_unreachable(const MysqlFailure& failure);

/// Whether it is about the server's certificate.
[[nodiscard]] bool blames_certificate(const MysqlFailure& failure);

/// The error for it.
[[nodiscard]] base::Error mysql_error(const login::Login& login, Stage stage, const MysqlFailure& failure,
                                      const TrustedCertificates& trusted);

}  // namespace rolegate::upstream

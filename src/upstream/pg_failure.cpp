#include "upstream/pg_failure.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/x509_vfy.h>

#include "base/ascii.hpp"
#include "base/printable.hpp"
#include "upstream/rds_proxy.hpp"

namespace rolegate::upstream {
namespace {

bool is_sqlstate(std::string_view text) {
  return text.size() == 5 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

bool has(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

std::string with_code(const PgFailure& failure) {
  return fmt::format("{} (SQLSTATE {})", failure.reason, failure.sqlstate);
}

base::Error server_error(const login::Login& login, const PgFailure& failure) {
  const std::string said = with_code(failure);
  const std::string_view state = failure.sqlstate;
  const std::string text = base::lower_case(failure.reason);
  if (auto refusal = rds_proxy_refusal(login, said)) return *std::move(refusal);
  if (has(text, "rate limit") || has(text, "too many competing")) return rate_limited(login, said);
  // Class 53 is "insufficient resources"; 57P03 is "cannot connect now", 57P01 and 57P02 a shutdown.
  if (state.starts_with("53") || state == "57P01" || state == "57P02" || state == "57P03") {
    return database_unavailable(login, said);
  }
  if (state == "28000" && has(text, "pg_hba.conf")) {
    return connection_failed(
        login, said,
        "The server has no rule for this user, database and address: check the database's name and, on "
        "servers of your own, pg_hba.conf.");
  }
  if (state.starts_with("28")) return login_refused(login, said);
  if (state == "3D000") {
    return connection_failed(login, said,
                             "The login itself was accepted: check the database's name after the last / of "
                             "sqlalchemy_uri (or db_name).");
  }
  if (state == "42501") {
    return connection_failed(
        login, said,
        fmt::format("The login itself was accepted: GRANT CONNECT ON DATABASE … TO \"{}\".", login.user));
  }
  return connection_failed(login, said);
}

bool is_another_name(std::string_view reason) { return has(reason, "does not match host name"); }

/// These texts are libpq's own (fe-connect.c, fe-secure-openssl.c); a program that has turned translations on
/// gets translated ones, which then fall through to tls_failed.
base::Error tls_error(const login::Login& login, const PgFailure& failure,
                      const TrustedCertificates& trusted) {
  const std::string_view reason = failure.reason;
  if (has(reason, "server does not support SSL")) return tls_not_offered(login);
  if (has(reason, "unencrypted data after SSL")) return bytes_before_tls(login);
  if (!blames_certificate(failure)) return tls_failed(login, reason);
  if (failure.certificate) return certificate_refused(login, *failure.certificate, trusted);
  const long verdict = is_another_name(reason) ? X509_V_ERR_HOSTNAME_MISMATCH : X509_V_ERR_UNSPECIFIED;
  return certificate_refused(login, {verdict, nullptr, nullptr}, trusted);
}

}  // namespace

bool blames_certificate(const PgFailure& failure) {
  const std::string_view reason = failure.reason;
  // "EVP lib" is all that libpq passes on when a CA of the right name has the wrong key (made anew, say).
  return is_another_name(reason) || has(reason, "certificate verify failed") || has(reason, "EVP lib");
}

PgFailure read_pg_failure(std::string_view message) {
  // "connection to server at "10.0.0.1", port 5432 failed: FATAL:  28000: text\nLOCATION:  …"
  constexpr std::string_view kFailed = " failed: ";
  std::string_view line = first_line(message);
  if (const auto at = line.find(kFailed);
      at != std::string_view::npos && line.starts_with("connection to server")) {
    line.remove_prefix(at + kFailed.size());
  }
  PgFailure failure;
  const auto colon = line.find(":  ");
  if (colon != std::string_view::npos && line.size() >= colon + 10 &&
      is_sqlstate(line.substr(colon + 3, 5)) && line.substr(colon + 8, 2) == ": ") {
    failure.sqlstate = line.substr(colon + 3, 5);
    line.remove_prefix(colon + 10);
  }
  failure.reason = base::server_text(line);
  return failure;
}

base::Error pg_error(const login::Login& login, Stage stage, const PgFailure& failure,
                     const TrustedCertificates& trusted) {
  if (!failure.sqlstate.empty()) return server_error(login, failure);
  switch (stage) {
    case Stage::connecting:
      return not_connected(login, failure.reason);
    case Stage::greeting:
    case Stage::tls:
      return tls_error(login, failure, trusted);
    case Stage::handshake:
      break;
  }
  return connection_failed(login, failure.reason, {}, true);
}

}  // namespace rolegate::upstream

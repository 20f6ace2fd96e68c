#include "upstream/mysql_failure.hpp"

#include <charconv>

#include <errmsg.h>
#include <fmt/format.h>
#include <mysqld_error.h>
#include <openssl/x509_vfy.h>

#include "base/ascii.hpp"
#include "base/printable.hpp"
#include "upstream/rds_proxy.hpp"

namespace rolegate::upstream {
namespace {

bool has(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

/// MySQL answers a refused IAM login with "(using password: NO)" although a token was sent, because the token
/// did not come as the password of the first answer. Who reads it looks in the wrong place.
std::string without_password_remark(std::string_view reason) {
  constexpr std::string_view kRemark = " (using password: NO)";
  std::string text(reason);
  if (const auto at = text.find(kRemark); at != std::string::npos) text.erase(at, kRemark.size());
  return text;
}

base::Error server_error(const login::Login& login, const MysqlFailure& failure) {
  const bool iam = login.kind != config::Kind::password;
  const std::string text = base::lower_case(failure.reason);
  std::string said = fmt::format("{} (error {})", failure.reason, failure.code);
  if (auto refusal = rds_proxy_refusal(login, said)) return *std::move(refusal);
  // Aurora reports its throttling as 1040 (too many connections).
  if (has(text, "rate limit") || has(text, "too many competing requests")) return rate_limited(login, said);
  switch (failure.code) {
    case ER_ACCESS_DENIED_ERROR:
      if (iam && has(failure.reason, "using password: NO")) {
        said = fmt::format(
            "{} (error {}; the server adds \"using password: NO\" to every refused IAM login, a token was "
            "sent)",
            without_password_remark(failure.reason), failure.code);
      }
      return login_refused(login, said);
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED:
    case ER_SERVER_SHUTDOWN:
      return database_unavailable(login, said);
    case ER_BAD_DB_ERROR:
    case ER_DBACCESS_DENIED_ERROR:
      return connection_failed(
          login, said,
          "The login itself was accepted: check the schema's name after the last / of sqlalchemy_uri, and "
          "that the user has rights in it.");
    case ER_HOST_NOT_PRIVILEGED:
      return connection_failed(login, said,
                               "No user of the database may log in from this machine's address: see its host "
                               "part, 'user'@'host'.");
    case ER_HOST_IS_BLOCKED:
      return connection_failed(
          login, said, "Too many connections from here were broken off: FLUSH HOSTS at the server, or wait.");
    default:
      return connection_failed(login, said);
  }
}

/// The name is checked by Connector/C itself; of the chain, it passes OpenSSL's verdict on as a text.
long verdict_in(std::string_view reason) {
  const bool name = has(base::lower_case(reason), "validation of ssl server certificate failed");
  return name ? X509_V_ERR_HOSTNAME_MISMATCH : net::verdict_of_text(reason);
}

base::Error tls_error(const login::Login& login, const MysqlFailure& failure,
                      const TrustedCertificates& trusted) {
  const long verdict = verdict_in(failure.reason);
  if (verdict == X509_V_OK) return tls_failed(login, failure.reason);
  return certificate_refused(
      login, failure.certificate.value_or(net::CertificateCheck{verdict, nullptr, nullptr}), trusted);
}

}  // namespace

bool blames_certificate(const MysqlFailure& failure) {
  return !failure.from_server && verdict_in(failure.reason) != X509_V_OK;
}

MysqlFailure read_mysql_failure(unsigned int code, std::string_view text) {
  MysqlFailure failure{code, {}, code < CR_MIN_ERROR || code > CR_MAX_ERROR};
  constexpr std::string_view kBeforeTls = "cannot be verified: ";
  constexpr std::string_view kTls = "TLS/SSL error: ";
  if (const auto at = text.find(kBeforeTls); at != std::string_view::npos && !failure.from_server) {
    std::string_view rest = text.substr(at + kBeforeTls.size());
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), failure.code);
    failure.from_server = error == std::errc();
    if (failure.from_server) text = rest.substr(static_cast<std::size_t>(end - rest.data()));
    if (text.starts_with(" - ")) text.remove_prefix(3);
  } else if (text.starts_with(kTls)) {
    text.remove_prefix(kTls.size());
  }
  failure.reason = base::server_text(text);
  return failure;
}

bool is_unreachable(const MysqlFailure& failure) {
  return !failure.from_server && (failure.code == CR_CONNECTION_ERROR || failure.code == CR_CONN_HOST_ERROR ||
                                  failure.code == CR_IPSOCK_ERROR || failure.code == CR_UNKNOWN_HOST);
}

base::Error mysql_error(const login::Login& login, Stage stage, const MysqlFailure& failure,
                        const TrustedCertificates& trusted) {
  if (failure.from_server) return server_error(login, failure);
  if (is_unreachable(failure)) return not_connected(login, failure.reason);
  if (stage <= Stage::greeting) {
    return connection_failed(
        login, failure.reason,
        fmt::format("What listens at {}:{} is perhaps no MySQL server, or a tunnel leads nowhere.",
                    login.dial.host, login.dial.port),
        true);
  }
  if (stage == Stage::tls) return tls_error(login, failure, trusted);
  return connection_failed(login, failure.reason, {}, true);
}

}  // namespace rolegate::upstream

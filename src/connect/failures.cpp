#include "connect/failures.hpp"

#include <fmt/format.h>

#include "connect/connect.hpp"
#include "connect/refusal_causes.hpp"

namespace rolegate::connect {
namespace {

std::string endpoint(const config::HostPort& at) {
  const bool ipv6 = at.host.find(':') != std::string::npos;
  return ipv6 ? fmt::format("[{}]:{}", at.host, at.port) : fmt::format("{}:{}", at.host, at.port);
}

std::string dialled(const login::Login& login) { return endpoint(login.dial); }

std::string sentence(const login::Login& login, std::string_view what) {
  return fmt::format("The {} {}.", place(login), what);
}

std::string with_reason(std::string_view what, std::string_view reason) {
  while (reason.ends_with('.')) reason.remove_suffix(1);
  return reason.empty() ? std::string(what) : fmt::format("{}: {}", what, reason);
}

bool uses_iam(const login::Login& login) { return login.kind != config::Kind::password; }

}  // namespace

std::string place(const login::Login& login) {
  const config::HostPort own{login.host, login.port};
  std::string text = fmt::format("database '{}' ({} at {}", login.database, login.user, endpoint(own));
  if (login.dial != own) text += fmt::format(", dialled at {}", dialled(login));
  return text + ")";
}

base::Error not_connected(const login::Login& login, std::string_view reason) {
  return base::make_error(
      Errc::connect_failed, sentence(login, with_reason("cannot be reached", reason)),
      fmt::format("Check that something listens at {} and that security groups and firewalls let this "
                  "machine through.",
                  dialled(login)),
      true);
}

base::Error timed_out(const login::Login& login, Stage stage) {
  std::string_view what = "did not answer the TCP connection in time";
  std::string hint = fmt::format(
      "Packets to {} seem to be dropped: check security groups, network ACLs and routes, or whether a tunnel "
      "is up.",
      dialled(login));
  if (stage == Stage::greeting) {
    what = "took the connection but did not send its greeting in time";
    hint = "Something other than a MySQL server may be listening there, or a tunnel leads nowhere.";
  } else if (stage == Stage::tls) {
    what = "took the connection but did not finish TLS in time";
    hint = "Something other than the database may be listening there, or a tunnel leads nowhere.";
  } else if (stage == Stage::handshake) {
    what = "did not answer the login in time";
    hint = "The database may be overloaded; connect_timeout in sqlalchemy_uri gives it longer.";
  }
  return base::make_error(Errc::connect_timeout, sentence(login, what), std::move(hint), true);
}

base::Error tls_not_offered(const login::Login& login) {
  return base::make_error(Errc::tls_not_offered,
                          sentence(login, "does not offer TLS, so it was not given the password"),
                          "Aurora, RDS and Redshift always offer TLS: something else answers there, or "
                          "something on the way took the offer out.");
}

base::Error tls_failed(const login::Login& login, std::string_view reason) {
  return base::make_error(Errc::tls_failed, sentence(login, with_reason("did not complete TLS", reason)),
                          "The password was not sent. TLS 1.2 or later is needed.");
}

base::Error certificate_refused(const login::Login& login, CertificateFault fault, std::string_view reason,
                                std::string_view trusted, std::string_view missing) {
  if (fault == CertificateFault::name) {
    return base::make_error(
        Errc::tls_verification_failed,
        sentence(login, with_reason(fmt::format("has a certificate that is not for {}", login.host), reason)),
        "The password was not sent. The host of sqlalchemy_uri must be the endpoint's own name, not an "
        "alias, an address "
        "or a tunnel's end; to dial elsewhere, keep the endpoint in the URI and add connect_to=HOST:PORT.");
  }
  std::string hint = fmt::format("The password was not sent. It was checked against {}. ", trusted);
  if (!missing.empty()) {
    hint += missing;
  } else {
    hint +=
        "If the database uses another CA, name its certificates in sslrootcert; if not, something else "
        "answers there.";
  }
  return base::make_error(
      Errc::tls_verification_failed,
      sentence(login, with_reason("has a certificate that no trusted CA vouches for", reason)),
      std::move(hint));
}

base::Error bytes_before_tls(const login::Login& login) {
  return base::make_error(
      Errc::bytes_before_tls,
      sentence(login, "sent bytes in the clear after its offer of TLS, so it was not given the password"),
      "No database does that: somebody on the way is adding to the conversation.");
}

base::Error login_refused(const login::Login& login, std::string_view reason) {
  if (uses_iam(login)) {
    return base::make_error(Errc::iam_token_refused,
                            sentence(login, with_reason("refused the IAM login", reason)),
                            refusal_causes(login));
  }
  return base::make_error(
      Errc::password_refused, sentence(login, with_reason("refused the password", reason)),
      "User and password come from sqlalchemy_uri, because the database has no enabled aws_iam block.");
}

base::Error token_not_asked_for(const login::Login& login, std::string_view asked) {
  return base::make_error(
      Errc::iam_token_refused, sentence(login, fmt::format("asks for {}, not for an IAM token", asked)),
      fmt::format("Nothing was sent: {}. An RDS Proxy asks so too, as long as its IAM authentication is not "
                  "required.",
                  no_iam_user(login)));
}

base::Error rate_limited(const login::Login& login, std::string_view reason) {
  return base::make_error(
      Errc::rate_limited, sentence(login, with_reason("takes no more IAM logins for the moment", reason)),
      "AWS advises fewer than 200 new IAM connections per second: keep connections open and pool them.",
      true);
}

base::Error database_unavailable(const login::Login& login, std::string_view reason) {
  return base::make_error(
      Errc::database_unavailable, sentence(login, with_reason("answered but takes no sessions now", reason)),
      "It may be starting, failing over or full; try again, or raise its connection limit.", true);
}

base::Error connection_failed(const login::Login& login, std::string_view reason, std::string hint,
                              bool retryable) {
  return base::make_error(Errc::connection_failed,
                          sentence(login, with_reason("did not let the login through", reason)),
                          std::move(hint), retryable);
}

}  // namespace rolegate::connect

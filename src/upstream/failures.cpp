#include "upstream/failures.hpp"

#include <array>

#include <fmt/format.h>

#include "base/ascii.hpp"
#include "base/printable.hpp"
#include "upstream/errc.hpp"
#include "upstream/refusal_causes.hpp"

namespace rolegate::upstream {
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

struct TlsFault {
  std::string_view words;  ///< in lower case, of OpenSSL's reason or the client library's sentence
  std::string_view what;
  std::string_view hint;
};

constexpr std::string_view kNotTls = "does not speak TLS, though it had offered it";
constexpr std::string_view kSomethingElse =
    "Something other than the database may be listening there, or something on the way answers in its place.";
constexpr std::string_view kRefusedTls = "refused TLS";
constexpr std::string_view kNothingInCommon =
    "It takes none of what was offered (TLS 1.2 or later with the system's choice of ciphers and groups), or "
    "not "
    "this host name.";
constexpr std::string_view kWeakTls = "offers only TLS that is too weak";
constexpr std::string_view kStronger =
    "It must be configured for TLS 1.2 or later, keys of 2,048 bits (RSA, DH) or more, and SHA-256.";

// OpenSSL's reasons (ssl_err.c). An alert is the peer's own word; in OpenSSL its text holds "alert", but for
// this one.
constexpr std::array<TlsFault, 15> kTlsFaults = {{
    {"wrong version number", kNotTls, kSomethingElse},
    {"packet length too long", kNotTls, kSomethingElse},
    {"record layer failure", kNotTls, kSomethingElse},
    {"http request", kNotTls, kSomethingElse},
    {"invalid response to ssl negotiation", "does not speak TLS", kSomethingElse},
    {"alert handshake failure", kRefusedTls, kNothingInCommon},
    {"alert protocol version", kRefusedTls, kNothingInCommon},
    {"unrecognized name", kRefusedTls, kNothingInCommon},
    {"unsupported protocol", kWeakTls, kStronger},
    {"too small", kWeakTls, kStronger},  // ee key, ca key, dh key
    {"too weak", kWeakTls, kStronger},
    {"legacy sigalg", kWeakTls, kStronger},
    {"wrong signature type", kWeakTls, kStronger},
    {"unsafe legacy renegotiation", kWeakTls, kStronger},
    {"alert", kRefusedTls, ""},
}};

/// What to do about a certificate that was refused.
std::string certificate_hint(const login::Login& login, const net::CertificateCheck& check,
                             const TrustedCertificates& trusted) {
  switch (net::fault_of(check)) {
    case net::CertificateFault::name:
      return "The host of sqlalchemy_uri must be the endpoint's own name, not an alias, an address or a "
             "tunnel's "
             "end; to dial elsewhere, keep the endpoint in the URI and add connect_to=HOST:PORT.";
    case net::CertificateFault::expired:
      return "The server needs a new one (on RDS, give the instance a CA that is valid: `aws rds "
             "modify-db-instance --ca-certificate-identifier`), unless this machine's clock is wrong.";
    case net::CertificateFault::not_yet_valid:
      return "This machine's clock may be slow, or the server's was fast when it was made.";
    case net::CertificateFault::weak:
      return "The server needs one with a key of 2,048 bits (RSA) or more and a signature with SHA-256.";
    default:
      break;
  }
  const std::string missing = what_is_missing(trusted, login.host);
  return fmt::format("It was checked against {}. {}", trusted.origin,
                     !missing.empty()
                         ? missing
                         : "If the database uses another CA, name its certificates in sslrootcert; if not, "
                           "something else answers there.");
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
  const std::string said = base::lower_case(reason);
  for (const auto& [words, what, hint] : kTlsFaults) {
    if (said.find(words) == std::string::npos) continue;
    return base::make_error(Errc::tls_failed, sentence(login, with_reason(what, reason)),
                            fmt::format("The password was not sent.{}{}", hint.empty() ? "" : " ", hint));
  }
  return base::make_error(Errc::tls_failed, sentence(login, with_reason("did not complete TLS", reason)),
                          "The password was not sent. TLS 1.2 or later is needed.");
}

base::Error certificate_refused(const login::Login& login, const net::CertificateCheck& check,
                                const TrustedCertificates& trusted) {
  return base::make_error(
      Errc::tls_verification_failed, sentence(login, net::fault_text(check, login.host)),
      fmt::format("The password was not sent. {}", certificate_hint(login, check, trusted)));
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

base::Error connection_lost(const login::Login& login, std::string_view why, bool heard) {
  return base::make_error(
      Errc::upstream_lost,
      sentence(login, fmt::format("ended the connection in the middle of the login: {}",
                                  why.empty() ? "it closed the connection" : why)),
      heard ? "It may be restarting or out of connections."
            : "Something other than the database may be listening there, or a tunnel leads nowhere.",
      true);
}

bool deserves_fresh_login(const login::Login& login, const base::Error& error) {
  return login.from_cache && (error.code == code_name(Errc::iam_token_refused) ||
                              error.code == code_name(Errc::password_refused));
}

}  // namespace rolegate::upstream

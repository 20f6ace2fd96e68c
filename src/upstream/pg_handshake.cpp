#include "upstream/pg_handshake.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/printable.hpp"
#include "upstream/errc.hpp"
#include "upstream/failures.hpp"
#include "upstream/pg_failure.hpp"

namespace rolegate::upstream {

Handshake::Event PgCancelHandshake::event(wire::pg::ClientCancel::Event event) {
  switch (event) {
    case wire::pg::ClientCancel::Event::more:
      return Event::more;
    case wire::pg::ClientCancel::Event::start_tls:
      return Event::start_tls;
    case wire::pg::ClientCancel::Event::sent:
      return Event::ready;
    case wire::pg::ClientCancel::Event::failed:
      break;
  }
  return Event::failed;
}

base::Error token_refused(const login::Login& login) {
  base::Error error = login_refused(login, {});
  if (login.kind != config::Kind::password) {
    error.message =
        fmt::format("The database '{}' refused the IAM {} of {} for user {}.", login.database,
                    login.engine == config::Engine::redshift ? "login" : "token",
                    login.principal.empty() ? "the calling identity" : login.principal, login.user);
  }
  return error;
}

UpstreamFailure PgHandshake::failure(const login::Login& login, const TrustedCertificates& trusted) const {
  using Kind = wire::pg::ClientFailure::Kind;
  const wire::pg::ClientFailure& failed = machine_.failure();
  switch (failed.kind) {
    case Kind::tls_not_offered:
      return {tls_not_offered(login)};
    case Kind::bytes_before_tls:
      return {bytes_before_tls(login)};
    case Kind::token_not_asked_for:
      return {token_not_asked_for(login, failed.reason)};
    case Kind::unsupported_authentication:
    case Kind::protocol:
      return {connection_failed(login, base::server_text(failed.reason))};
    case Kind::server_error:
      break;
  }
  const std::string reason = base::server_text(failed.error.message);
  UpstreamFailure out{
      pg_error(login, Stage::handshake, {failed.error.sqlstate, reason}, trusted), {}, failed.error.sqlstate};
  if (out.error.code == code_name(Errc::iam_token_refused)) {
    out.whole = std::exchange(out.error.message, token_refused(login).message);
    out.said = fmt::format("{}: {} (SQLSTATE {})", base::server_text(failed.error.severity), reason,
                           base::server_text(failed.error.sqlstate));
  }
  if (failed.error.sqlstate == "3D000" && !client_database_.empty()) {
    out.error.hint = fmt::format(
        "The client asked for database \"{}\": on a listener of its own, '{}' has the database that the "
        "client names.",
        base::server_text(client_database_), login.database);
  }
  return out;
}

}  // namespace rolegate::upstream

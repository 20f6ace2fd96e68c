#include "upstream/mysql_handshake.hpp"

#include <utility>

#include <fmt/format.h>

#include "base/printable.hpp"
#include "upstream/errc.hpp"
#include "upstream/failures.hpp"
#include "upstream/mysql_failure.hpp"
#include "upstream/pg_handshake.hpp"

namespace rolegate::upstream {
namespace {

/// ER_BAD_DB_ERROR, ER_DBACCESS_DENIED_ERROR: which of them, depends on the user's rights.
bool blames_schema(std::uint16_t code) { return code == 1049 || code == 1044; }

}  // namespace

std::optional<wire::mysql::Greeting> MysqlHandshake::greeting() const {
  if (machine_.greeting().server_version.empty()) return std::nullopt;
  return machine_.greeting();
}

UpstreamFailure MysqlHandshake::failure(const login::Login& login, const TrustedCertificates& trusted) const {
  using Kind = wire::mysql::ClientFailure::Kind;
  const wire::mysql::ClientFailure& failed = machine_.failure();
  switch (failed.kind) {
    case Kind::tls_not_offered:
      return {tls_not_offered(login)};
    case Kind::bytes_before_tls:
      return {bytes_before_tls(login)};
    case Kind::other_method: {
      const std::string said =
          fmt::format("it asks for the login method '{}'", base::server_text(failed.method));
      // For a user that does not exist servers ask for their default method, so as not to give that away.
      if (login.kind == config::Kind::password) {
        return {connection_failed(login, said,
                                  "The gateway knows mysql_native_password, caching_sha2_password, "
                                  "sha256_password and mysql_clear_password.")};
      }
      UpstreamFailure out{token_refused(login), said + ", not for a token"};
      out.whole = login_refused(login, out.said).message;
      return out;
    }
    case Kind::capabilities_differ:
      return {
          base::make_error(Errc::greeting_differs,
                           fmt::format("The database '{}' is not what its clients were told: {}.",
                                       login.database, base::server_text(failed.reason)),
                           "Its version has changed, or databases of different versions share a listener. "
                           "Connect again; if that does not help, give the database a listener of its own "
                           "(listen).",
                           true)};
    case Kind::protocol:
      return {connection_failed(login, base::server_text(failed.reason))};
    case Kind::server_error:
      break;
  }
  const std::string reason = base::server_text(failed.error.message);
  UpstreamFailure out{mysql_error(login, Stage::handshake, {failed.error.code, reason, true}, trusted),
                      {},
                      failed.error.sqlstate,
                      failed.error.code};
  if (out.error.code == code_name(Errc::iam_token_refused)) {
    out.whole = std::exchange(out.error.message, token_refused(login).message);
    out.said = fmt::format("{} (error {})", reason, failed.error.code);
  }
  if (blames_schema(failed.error.code) && !client_schema_.empty()) {
    out.error.hint = fmt::format(
        "The client asked for schema '{}': it goes to '{}' as the client names it; without one, the session "
        "begins in that of sqlalchemy_uri.",
        base::server_text(client_schema_), login.database);
  }
  return out;
}

}  // namespace rolegate::upstream

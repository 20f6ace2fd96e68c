#include <optional>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <mysql.h>

#include "connect/attempts.hpp"
#include "connect/connect.hpp"
#include "connect/examine_certificate.hpp"
#include "connect/mariadb_library.hpp"
#include "connect/mysql_auth.hpp"
#include "connect/verification.hpp"
#include "upstream/ca.hpp"
#include "upstream/mysql_failure.hpp"
#include "upstream/resolve.hpp"

namespace rolegate::connect {

void MysqlClose::operator()(st_mysql* connection) const noexcept { ::mysql_close(connection); }

namespace {

/// Options for TLS and for what the server may do. No option file is read: that takes
/// MYSQL_READ_DEFAULT_FILE.
void set_options(MYSQL& connection, config::SslMode mode, const char* certificates) {
  const my_bool yes = 1;
  const my_bool verify_name = mode == config::SslMode::verify_full ? 1 : 0;
  const unsigned int tcp = MYSQL_PROTOCOL_TCP;
  const unsigned int no = 0;
  ::mysql_options(&connection, MYSQL_OPT_PROTOCOL, &tcp);
  ::mysql_options(&connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  ::mysql_options(&connection, MYSQL_OPT_LOCAL_INFILE, &no);  // else the server may ask for any file
  ::mysql_options(&connection, MYSQL_OPT_TLS_VERSION, "TLSv1.2,TLSv1.3");
  ::mysql_options(&connection, MYSQL_OPT_SSL_ENFORCE, &yes);
  ::mysql_options4(&connection, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "rolegate");
  // With a CA the chain is verified in any case; this adds the name. Without one nothing is
  // (sslmode=require).
  ::mysql_options(&connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify_name);
  if (certificates != nullptr) ::mysql_options(&connection, MYSQL_OPT_SSL_CA, certificates);
}

base::Error refused_by_us(const login::Login& login, const MysqlAuth& auth) {
  switch (auth.verdict()) {
    case MysqlAuth::Verdict::tls_not_offered:
      return upstream::tls_not_offered(login);
    case MysqlAuth::Verdict::bytes_before_tls:
      return upstream::bytes_before_tls(login);
    case MysqlAuth::Verdict::no_tls:
      return upstream::tls_failed(login, "it wanted to go on without");
    case MysqlAuth::Verdict::other_method:
      if (login.kind == config::Kind::password) {
        return upstream::connection_failed(
            login, fmt::format("it asks for the login method '{}'", auth.method()),
            "Rolegate knows mysql_native_password, caching_sha2_password, sha256_password, "
            "mysql_clear_password and client_ed25519.");
      }
      // For a user that does not exist servers ask for their default method, so as not to give that away.
      return upstream::login_refused(
          login, fmt::format("it asks for the login method '{}', not for a token", auth.method()));
    case MysqlAuth::Verdict::out_of_turn:
    case MysqlAuth::Verdict::none:
      break;
  }
  return upstream::connection_failed(login, "its answer is no part of a MySQL login");
}

Attempt<MysqlConnection> failed(const login::Login& login, const std::string& address,
                                base::Deadline deadline, MYSQL& connection, const MysqlAuth& auth,
                                const Stages& stages, const upstream::TrustedCertificates& trusted) {
  Attempt<MysqlConnection> result;
  upstream::MysqlFailure failure =
      upstream::read_mysql_failure(::mysql_errno(&connection), ::mysql_error(&connection));
  if (auth.verdict() != MysqlAuth::Verdict::none) {
    result.error = refused_by_us(login, auth);
  } else if (auth.timed_out()) {
    result.timed_out = true;
    result.unreachable = "timed out";
    if (stages.current() != upstream::Stage::connecting) result.error = timed_out(login, stages.current());
  } else if (auth.connect_error() != 0) {
    result.unreachable = std::generic_category().message(auth.connect_error());
  } else if (stages.current() == upstream::Stage::connecting && upstream::is_unreachable(failure)) {
    result.unreachable = failure.reason;
  } else {
    if (stages.current() == upstream::Stage::tls && upstream::blames_certificate(failure)) {
      failure.certificate = examine_certificate(login, address, trusted, deadline);
    }
    result.error = upstream::mysql_error(login, stages.current(), failure, trusted);
  }
  return result;
}

Attempt<MysqlConnection> attempt(const login::Login& login, const std::string& address,
                                 const char* certificates, base::Deadline tcp_deadline,
                                 base::Deadline deadline, Stages& stages,
                                 const upstream::TrustedCertificates& trusted) {
  MysqlConnection connection(::mysql_init(nullptr));
  if (!connection || !MysqlAuth::prepare(*connection)) {
    Attempt<MysqlConnection> result;
    result.error = upstream::connection_failed(login, "Connector/C could not be set up");
    return result;
  }
  set_options(*connection, login.ssl_mode, certificates);
  MysqlAuth auth(login, deadline, tcp_deadline, stages);
  const MysqlAuth::Bound bound(auth);
  const char* schema = login.db_name.empty() ? nullptr : login.db_name.c_str();
  if (::mysql_real_connect(connection.get(), address.c_str(), login.user.c_str(), "", schema, login.dial.port,
                           nullptr, 0) == nullptr) {
    return failed(login, address, deadline, *connection, auth, stages, trusted);
  }
  MysqlAuth::release(*connection);
  return {std::move(connection), std::nullopt, {}, false};
}

}  // namespace

base::Result<MysqlConnection> open_mysql(const login::Login& login, const base::Environment& environment,
                                         base::Deadline deadline, login::Steps* steps) {
  if (login.connect_timeout) deadline = deadline.within(*login.connect_timeout);
  if (auto loaded = load_mariadb_library(); !loaded) return std::unexpected(std::move(loaded.error()));
  const auto verification = verification_for(login, environment);
  if (!verification) return std::unexpected(verification.error());
  auto addresses = upstream::resolve_step(login, deadline, steps);
  if (!addresses) return std::unexpected(std::move(addresses.error()));
  Stages stages(steps);
  return try_each<MysqlConnection>(login, *addresses, deadline, stages,
                                   [&](const std::string& address, base::Deadline tcp) {
                                     return attempt(login, address, verification->path_or(nullptr), tcp,
                                                    deadline, stages, verification->trusted);
                                   });
}

}  // namespace rolegate::connect

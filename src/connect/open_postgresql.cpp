#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "connect/attempts.hpp"
#include "connect/connect.hpp"
#include "connect/examine_certificate.hpp"
#include "connect/poll_until.hpp"
#include "connect/pq_library.hpp"
#include "connect/verification.hpp"
#include "upstream/ca.hpp"
#include "upstream/pg_failure.hpp"
#include "upstream/resolve.hpp"

namespace rolegate::connect {

void PgClose::operator()(pg_conn* connection) const noexcept { ::PQfinish(connection); }

namespace {

/// Names a file that is not there; libpq takes the empty string for "not set" and goes to look in the
/// environment and the home folder.
constexpr const char* kNoFile = "/proc/self/fd/none";

/// Everything that could lead the login elsewhere or weaken it is said here, because for what is not said
/// libpq asks the environment (PGHOSTADDR, PGSSLMODE …). What no parameter overrules is PGSERVICE, PGOPTIONS,
/// PGDATESTYLE, PGTZ and PGGEQO: a program takes these away before it comes here, a library leaves its host's
/// variables alone.
/// https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-PARAMKEYWORDS
class Parameters {
 public:
  Parameters(const login::Login& login, const std::string& address, const char* root_certificates)
      : port_(std::to_string(login.dial.port)) {
    add("host", login.host.c_str());   // the TLS name
    add("hostaddr", address.c_str());  // where to connect
    add("port", port_.c_str());
    add("user", login.user.c_str());
    add("password", login.password.c_str());
    add("passfile", kNoFile);
    // Without a name the database is the user's; libpq would first ask PGDATABASE.
    add("dbname", login.db_name.empty() ? login.user.c_str() : login.db_name.c_str());
    add("sslmode", config::ssl_mode_name(login.ssl_mode).data());
    // With any root certificate there, ~/.postgresql/root.crt included, libpq takes `require` for verify-ca.
    add("sslrootcert", root_certificates);
    add("ssl_min_protocol_version", "TLSv1.2");
    add("ssl_max_protocol_version", "TLSv1.3");
    add("sslcert", kNoFile);
    add("sslcrl", kNoFile);
    add("sslsni", "1");
    add("gssencmode", "disable");
    add("channel_binding", "prefer");
    add("target_session_attrs", "any");
    add("application_name", "rolegate");
    // RDS Proxy and Redshift take few start-up parameters; this one, both do.
    add("client_encoding", "UTF8");
    keywords_[count_] = values_[count_] = nullptr;
  }

  [[nodiscard]] const char* const* keywords() const { return keywords_.data(); }
  [[nodiscard]] const char* const* values() const { return values_.data(); }

 private:
  void add(const char* keyword, const char* value) {
    keywords_[count_] = keyword;
    values_[count_++] = value;
  }

  std::string port_;
  std::array<const char*, 24> keywords_{};
  std::array<const char*, 24> values_{};
  std::size_t count_ = 0;
};

void drop_notice(void*, const PGresult*) {}

/// What PQstatus says about the stage. CONNECTION_MADE comes twice: before TLS and after it.
upstream::Stage stage_of(PGconn* connection) {
  switch (::PQstatus(connection)) {
    case CONNECTION_STARTED:
    case CONNECTION_NEEDED:
      return upstream::Stage::connecting;
    case CONNECTION_SSL_STARTUP:
      return upstream::Stage::tls;
    case CONNECTION_MADE:
      return ::PQsslInUse(connection) != 0 ? upstream::Stage::handshake : upstream::Stage::tls;
    default:
      return upstream::Stage::handshake;
  }
}

std::string tls_detail(PGconn* connection) {
  const char* protocol = ::PQsslAttribute(connection, "protocol");
  const char* cipher = ::PQsslAttribute(connection, "cipher");
  return protocol == nullptr || cipher == nullptr ? std::string() : fmt::format("{} {}", protocol, cipher);
}

/// False when the deadline passes first. An error is libpq's to report.
bool wait_for(int socket, bool reading, base::Deadline deadline) {
  return poll_until(deadline, {socket, static_cast<short>(reading ? POLLIN : POLLOUT), 0}) != 0;
}

/// What a server wants of a login whose password is an IAM token. libpq answers every request with what it
/// has, with a hash of the token too, which is of no use to anybody but who tries to guess it (require_auth,
/// which would forbid that, came with libpq 16). So the request is looked at before libpq reads it, which
/// reads on by itself: nothing may come before the request, and it must show as a whole.
/// https://www.postgresql.org/docs/15/protocol-message-formats.html, "Authentication…"
class TokenRequest {
 public:
  explicit TokenRequest(const login::Login& login)
      : login_(login), settled_(login.kind != config::Kind::aurora_postgresql) {}

  /// False: libpq must not read yet, the request has not come as a whole.
  [[nodiscard]] bool look(PGconn* connection) {
    if (settled_) return true;
    std::array<char, 9> room{};
    const auto head = peek_in_tls(connection, room);
    if (!head) return settled_ = true;  // the connection has ended; libpq says how
    if (head->empty()) return false;
    settled_ = true;
    if (head->front() == 'E') return true;
    if (head->front() != 'R') {
      refused_ = upstream::connection_failed(login_, "it sent something else than a request for the token",
                                             std::string(kNotSent), false);
    } else if (head->size() < room.size()) {  // no peek ever sees more than one TLS record
      refused_ = upstream::connection_failed(login_, "it sent its request for the token in pieces",
                                             std::string(kNotSent), false);
    } else {
      const auto kind = static_cast<unsigned char>(room[8]);
      if (kind != kOk && kind != kCleartext) refused_ = upstream::token_not_asked_for(login_, name_of(kind));
    }
    return true;
  }
  /// Why it gets no token.
  [[nodiscard]] const std::optional<base::Error>& refused() const { return refused_; }

 private:
  static constexpr int kOk = 0;
  static constexpr int kCleartext = 3;
  static constexpr int kMd5 = 5;
  static constexpr int kSasl = 10;
  static constexpr std::string_view kNotSent =
      "Nothing was sent. Something other than PostgreSQL may answer there.";

  static std::string_view name_of(int kind) {
    if (kind == kMd5) return "MD5 authentication";
    return kind == kSasl ? "SASL authentication" : "another kind of authentication";
  }

  const login::Login& login_;
  bool settled_;
  std::optional<base::Error> refused_;
};

Attempt<PgConnection> failed(const login::Login& login, const std::string& address, base::Deadline deadline,
                             Stages& stages, PGconn* connection,
                             const upstream::TrustedCertificates& trusted) {
  upstream::PgFailure failure =
      upstream::read_pg_failure(connection != nullptr ? ::PQerrorMessage(connection) : "out of memory");
  Attempt<PgConnection> result;
  if (stages.current() == upstream::Stage::connecting && failure.sqlstate.empty()) {
    result.unreachable = failure.reason;
    return result;
  }
  if (stages.current() == upstream::Stage::tls && upstream::blames_certificate(failure)) {
    failure.certificate = examine_certificate(login, address, trusted, deadline);
  }
  result.error = upstream::pg_error(login, stages.current(), failure, trusted);
  return result;
}

Attempt<PgConnection> attempt(const login::Login& login, const std::string& address,
                              const Parameters& parameters, base::Deadline tcp_deadline,
                              base::Deadline deadline, Stages& stages,
                              const upstream::TrustedCertificates& trusted) {
  PgConnection connection(::PQconnectStartParams(parameters.keywords(), parameters.values(), 0));
  PGconn* const raw = connection.get();
  const auto fail = [&] { return failed(login, address, deadline, stages, raw, trusted); };
  if (raw == nullptr || ::PQstatus(raw) == CONNECTION_BAD) return fail();
  ::PQsetErrorVerbosity(raw, PQERRORS_VERBOSE);  // for the SQLSTATE
  // libpq would print notices to stderr, and at this point they are a stranger's.
  const PQnoticeReceiver usual = ::PQsetNoticeReceiver(raw, drop_notice, nullptr);
  TokenRequest request(login);

  for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;
       next = ::PQconnectPoll(raw)) {
    if (next == PGRES_POLLING_FAILED) return fail();
    const upstream::Stage stage = stage_of(raw);
    if (stage == upstream::Stage::handshake && stages.current() == upstream::Stage::tls)
      stages.detail(tls_detail(raw));
    stages.reached(stage);
    const bool connecting = stages.current() == upstream::Stage::connecting;
    const bool reading = next == PGRES_POLLING_READING;
    bool came = false;
    do {
      came = wait_for(::PQsocket(raw), reading, connecting ? tcp_deadline : deadline);
    } while (came && reading && stage == upstream::Stage::handshake && !request.look(raw));
    if (request.refused()) return {{}, request.refused(), {}, false};
    if (!came) {
      Attempt<PgConnection> result;
      result.timed_out = true;
      result.unreachable = "timed out";
      if (!connecting) result.error = timed_out(login, stages.current());
      return result;
    }
  }
  ::PQsetErrorVerbosity(raw, PQERRORS_DEFAULT);
  ::PQsetNoticeReceiver(raw, usual, nullptr);
  return {std::move(connection), std::nullopt, {}, false};
}

}  // namespace

base::Result<PgConnection> open_postgresql(const login::Login& login, const base::Environment& environment,
                                           base::Deadline deadline, login::Steps* steps) {
  if (login.connect_timeout) deadline = deadline.within(*login.connect_timeout);
  if (auto loaded = load_pq_library(); !loaded) return std::unexpected(std::move(loaded.error()));
  const auto verification = verification_for(login, environment);
  if (!verification) return std::unexpected(verification.error());
  auto addresses = upstream::resolve_step(login, deadline, steps);
  if (!addresses) return std::unexpected(std::move(addresses.error()));
  Stages stages(steps);
  return try_each<PgConnection>(
      login, *addresses, deadline, stages, [&](const std::string& address, base::Deadline tcp) {
        const Parameters parameters(login, address, verification->path_or(kNoFile));
        return attempt(login, address, parameters, tcp, deadline, stages, verification->trusted);
      });
}

}  // namespace rolegate::connect

#include <array>
#include <cerrno>
#include <string>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "connect/attempts.hpp"
#include "connect/ca.hpp"
#include "connect/connect.hpp"
#include "connect/examine_certificate.hpp"
#include "connect/pg_failure.hpp"
#include "connect/poll_until.hpp"
#include "connect/pq_library.hpp"
#include "connect/verification.hpp"

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
Stage stage_of(PGconn* connection) {
  switch (::PQstatus(connection)) {
    case CONNECTION_STARTED:
    case CONNECTION_NEEDED:
      return Stage::connecting;
    case CONNECTION_SSL_STARTUP:
      return Stage::tls;
    case CONNECTION_MADE:
      return ::PQsslInUse(connection) != 0 ? Stage::handshake : Stage::tls;
    default:
      return Stage::handshake;
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
/// which would forbid that, came with libpq 16). So the request is looked at before libpq reads it.
/// https://www.postgresql.org/docs/15/protocol-message-formats.html, "Authentication…"
class TokenRequest {
 public:
  explicit TokenRequest(bool is_token) : settled_(!is_token) {}

  /// False: libpq must not read yet, the request has not come as a whole.
  [[nodiscard]] bool look(PGconn* connection) {
    if (settled_) return true;
    std::array<char, 9> room{};
    const auto head = peek_in_tls(connection, room);
    if (!head) return settled_ = true;  // the connection has ended; libpq says how
    if (head->empty()) return false;
    if (head->front() != 'R') return settled_ = true;
    if (head->size() < room.size()) return false;
    const auto kind = static_cast<unsigned char>(room[8]);
    if (kind == kMd5) refused_ = "MD5 authentication";
    if (kind == kSasl) refused_ = "SASL authentication";
    settled_ = kind == kCleartext;
    return true;
  }
  /// Which kind of proof it wants instead of the token; empty: it has not asked for any.
  [[nodiscard]] std::string_view refused() const { return refused_; }

 private:
  static constexpr int kCleartext = 3;
  static constexpr int kMd5 = 5;
  static constexpr int kSasl = 10;
  bool settled_;
  std::string_view refused_;
};

Attempt<PgConnection> failed(const login::Login& login, const std::string& address, base::Deadline deadline,
                             Stages& stages, PGconn* connection, const TrustedCertificates& trusted) {
  PgFailure failure = read_pg_failure(connection != nullptr ? ::PQerrorMessage(connection) : "out of memory");
  Attempt<PgConnection> result;
  if (stages.current() == Stage::connecting && failure.sqlstate.empty()) {
    result.unreachable = failure.reason;
    return result;
  }
  if (stages.current() == Stage::tls && blames_certificate(failure)) {
    failure.certificate = examine_certificate(login, address, trusted, deadline);
  }
  result.error = pg_error(login, stages.current(), failure, trusted);
  return result;
}

Attempt<PgConnection> attempt(const login::Login& login, const std::string& address,
                              const Parameters& parameters, base::Deadline tcp_deadline,
                              base::Deadline deadline, Stages& stages, const TrustedCertificates& trusted) {
  PgConnection connection(::PQconnectStartParams(parameters.keywords(), parameters.values(), 0));
  PGconn* const raw = connection.get();
  const auto fail = [&] { return failed(login, address, deadline, stages, raw, trusted); };
  if (raw == nullptr || ::PQstatus(raw) == CONNECTION_BAD) return fail();
  ::PQsetErrorVerbosity(raw, PQERRORS_VERBOSE);  // for the SQLSTATE
  // libpq would print notices to stderr, and at this point they are a stranger's.
  const PQnoticeReceiver usual = ::PQsetNoticeReceiver(raw, drop_notice, nullptr);
  TokenRequest request(login.kind == config::Kind::aurora_postgresql);

  for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;
       next = ::PQconnectPoll(raw)) {
    if (next == PGRES_POLLING_FAILED) return fail();
    const Stage stage = stage_of(raw);
    if (stage == Stage::handshake && stages.current() == Stage::tls) stages.detail(tls_detail(raw));
    stages.reached(stage);
    const bool connecting = stages.current() == Stage::connecting;
    const bool reading = next == PGRES_POLLING_READING;
    bool came = false;
    do {
      came = wait_for(::PQsocket(raw), reading, connecting ? tcp_deadline : deadline);
    } while (came && reading && stage == Stage::handshake && !request.look(raw));
    if (!request.refused().empty()) return {{}, token_not_asked_for(login, request.refused()), {}, false};
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
  auto addresses = resolve_step(login, deadline, steps);
  if (!addresses) return std::unexpected(std::move(addresses.error()));
  Stages stages(steps);
  return try_each<PgConnection>(
      login, *addresses, deadline, stages, [&](const std::string& address, base::Deadline tcp) {
        const Parameters parameters(login, address, verification->path_or(kNoFile));
        return attempt(login, address, parameters, tcp, deadline, stages, verification->trusted);
      });
}

}  // namespace rolegate::connect

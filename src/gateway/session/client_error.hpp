#pragma once

#include <set>
#include <string>

#include "upstream/upstream_failure.hpp"
#include "wire/mysql/packets.hpp"
#include "wire/pg/messages.hpp"

namespace rolegate::gateway {

/// ER_CLIENT_INTERACTION_TIMEOUT: what MySQL says to a session that was idle for too long.
inline constexpr std::uint16_t kClientInteractionTimeout = 4031;

/// What a client is told, in the terms of both protocols.
/// https://www.postgresql.org/docs/15/errcodes-appendix.html and
/// https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
struct ClientError {
  std::string sqlstate;  ///< PostgreSQL's
  std::uint16_t mysql_code = 0;
  std::string mysql_state;
  std::string message;
  std::string detail;
  std::string hint;

  [[nodiscard]] std::string pg() const;
  [[nodiscard]] wire::mysql::ErrorPacket mysql() const;
};

/// Why the login to the database did not come about; the database's own words are the detail, its own
/// SQLSTATE and code are kept where the login itself was accepted.
[[nodiscard]] ClientError client_error(const upstream::UpstreamFailure& failure);

// What the gateway itself refuses.
[[nodiscard]] ClientError password_refused(const std::string& user);
/// The same in the words that MySQL's clients and tools look for.
[[nodiscard]] ClientError access_denied(const std::string& user, const std::string& host, bool used_password);
/// Not there, or not this user's: one and the same.
/// `chosen`: by the client, on a shared listener; else it is the listener's own.
[[nodiscard]] ClientError database_unknown(const std::string& database, const std::string& user, bool chosen);
/// Its configuration has errors.
[[nodiscard]] ClientError database_broken(const std::string& database, const std::string& file);
[[nodiscard]] ClientError database_missing();
/// None was named, and the user has sessions with several.
[[nodiscard]] ClientError database_undecided(const std::set<std::string>& databases);
[[nodiscard]] ClientError users_missing(const std::string& file);
[[nodiscard]] ClientError too_many_sessions(std::size_t most);
/// More passwords wait to be checked than there is room for.
[[nodiscard]] ClientError too_many_logins();
[[nodiscard]] ClientError too_many_sessions_of(const std::string& user, std::size_t most);
/// audit_required, and the audit log cannot be written.
[[nodiscard]] ClientError audit_unavailable();
[[nodiscard]] ClientError startup_too_slow();
/// To a session that was there.
[[nodiscard]] ClientError shutting_down();
/// To a login.
[[nodiscard]] ClientError takes_no_sessions();
[[nodiscard]] ClientError idle_too_long();
/// The user's max_age.
[[nodiscard]] ClientError too_old();
/// A reload has taken away the user, or the database from it.
[[nodiscard]] ClientError no_longer_allowed(const std::string& user);
/// The database ended the session without a word.
[[nodiscard]] ClientError database_gone();

}  // namespace rolegate::gateway

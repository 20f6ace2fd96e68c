#pragma once

/// \file
/// Rolegate for C++ programs (C++17 and later): logins for databases that accept an AWS IAM role instead of a
/// password. Link with -lrolegate (pkg-config: rolegate, CMake: find_package(Rolegate), Rolegate::rolegate).
///
///   rolegate::Client client;                                  // finds rolegate.yaml
///   rolegate::Login login = client.login("orders");           // user, password, where to connect
///   auto connection = client.connect_postgresql("orders");    // or an open PGconn*
///
/// Everything fails with rolegate::Error. Nothing here prints, and nothing is kept outside of Client.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#define ROLEGATE_EXPORT __attribute__((visibility("default")))

struct pg_conn;   // libpq's PGconn
struct st_mysql;  // MariaDB Connector/C's MYSQL

namespace rolegate {

using TimePoint = std::chrono::system_clock::time_point;

/// The only exception type that leaves this library on purpose. what() is the message and the hint together.
class ROLEGATE_EXPORT Error : public std::runtime_error {
 public:
  Error(std::string code, std::string message, std::string hint, std::string aws_code,
        std::string aws_request_id, bool retryable);
  Error(const Error&);
  Error& operator=(const Error&);
  ~Error() override;

  /// Stable, for programs: "assume_role_denied", "iam_token_refused"; docs/errors.md lists them.
  [[nodiscard]] const std::string& code() const noexcept;
  /// What failed, and where; one or more sentences. Never holds a secret.
  [[nodiscard]] const std::string& message() const noexcept;
  /// The remedy; may be empty.
  [[nodiscard]] const std::string& hint() const noexcept;
  /// AWS's own error code and request id, when an AWS service answered; else empty.
  [[nodiscard]] const std::string& aws_code() const noexcept;
  [[nodiscard]] const std::string& aws_request_id() const noexcept;
  /// The same call may succeed later without anybody changing anything.
  [[nodiscard]] bool retryable() const noexcept;

 private:
  struct Parts;
  std::shared_ptr<const Parts> parts_;
};

/// A secret: move-only, wiped when it goes away, and without a stream operator. Followed by a NUL.
class ROLEGATE_EXPORT Secret {
 public:
  Secret() noexcept;
  explicit Secret(std::string_view text);
  Secret(Secret&&) noexcept;
  Secret& operator=(Secret&&) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  /// The text itself; valid as long as this object is.
  [[nodiscard]] std::string_view reveal() const noexcept { return {c_str(), size_}; }
  [[nodiscard]] const char* c_str() const noexcept { return bytes_ != nullptr ? bytes_ : ""; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
};

/// AWS credentials of the calling program, for CredentialProvider.
struct AwsCredentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;                 ///< empty for a long-lived key
  std::optional<TimePoint> expires_at;  ///< never, when not set
};

/// Where base credentials come from when the AWS credential chain of this machine is not wanted. Called from
/// several threads; an exception (std::exception) becomes an Error with code credentials_unavailable.
using CredentialProvider = std::function<AwsCredentials()>;

enum class LogLevel { trace, debug, info, warning, error };

struct Options {
  /// rolegate.yaml; when both are empty: $ROLEGATE_CONFIG, ./rolegate.yaml, the user's and the system's.
  std::string config_file;
  /// The text of a rolegate.yaml, instead of a file.
  std::string config_text;
  /// The AWS profile to start from; empty: AWS_PROFILE and the usual order.
  std::string aws_profile;
  CredentialProvider credential_provider;  ///< instead of the credential chain
  /// The wall clock; std::chrono::system_clock when it is empty or throws. Called from several threads.
  std::function<TimePoint()> clock;
  /// Silent when empty; what it throws is ignored. Called from several threads.
  std::function<void(LogLevel, const std::string&)> log;
};

/// What a database accepts once.
struct Login {
  std::string user;
  Secret password;  ///< an RDS token, a temporary Redshift password, or the configured one
  std::optional<TimePoint> expires_at;  ///< when the database stops taking the password; not set: never
  std::string host;                     ///< the endpoint, and the name its certificate must carry
  std::uint16_t port = 0;
  std::string dial_host;  ///< where to connect: connect_to if configured, else host
  std::uint16_t dial_port = 0;
  std::string database;        ///< the database or schema at the server; may be empty
  std::string sslmode;         ///< "verify-full", "verify-ca" or "require"
  std::string role_arn;        ///< empty: made with the caller's own credentials
  std::string aws_request_id;  ///< of the AWS call behind it, when known
};

struct ROLEGATE_EXPORT PgClose {
  void operator()(pg_conn* connection) const noexcept;
};
struct ROLEGATE_EXPORT MysqlClose {
  void operator()(st_mysql* connection) const noexcept;
};
/// An open connection that is closed when it goes away (PQfinish, mysql_close); release() hands it on.
using PgConnection = std::unique_ptr<pg_conn, PgClose>;
using MysqlConnection = std::unique_ptr<st_mysql, MysqlClose>;

/// A configuration and the caches of its logins. Thread-safe: one object serves a whole program, and should,
/// because role credentials are shared through it (one STS call however many threads ask). It works in a
/// child of fork() too: there it begins with empty caches, and what the parent was doing at that moment goes
/// on in the parent only. Whichever process lets it go, the other one's is unharmed. A connection that it
/// has opened belongs to the process that opened it.
class ROLEGATE_EXPORT Client {
 public:
  /// Reads the configuration; asks AWS nothing. Throws Error: config_not_found, config_invalid (the file as a
  /// whole cannot be read; one broken database is reported when it is asked for).
  explicit Client(Options options = {});
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// The names of the databases that are configured and valid, in the file's order.
  [[nodiscard]] std::vector<std::string> databases() const;

  /// Makes one login. `timeout` is for the whole of it; zero takes the database's connect_timeout, else 30 s.
  [[nodiscard]] Login login(const std::string& database, std::chrono::milliseconds timeout = {});

  /// Logs in and connects through libpq (engines postgresql and redshift), in blocking mode.
  /// The password leaves only inside TLS that was verified as sslmode says.
  [[nodiscard]] PgConnection connect_postgresql(const std::string& database,
                                                std::chrono::milliseconds timeout = {});
  /// Logs in and connects through MariaDB Connector/C (engine mysql).
  [[nodiscard]] MysqlConnection connect_mysql(const std::string& database,
                                              std::chrono::milliseconds timeout = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// "0.1.0"
[[nodiscard]] ROLEGATE_EXPORT const char* version() noexcept;

}  // namespace rolegate

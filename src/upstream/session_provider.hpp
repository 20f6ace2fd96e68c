#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "config/config.hpp"
#include "login/steps.hpp"
#include "net/stream.hpp"
#include "upstream/login_rate.hpp"
#include "upstream/tls_target.hpp"
#include "upstream/upstream_failure.hpp"
#include "upstream/wish.hpp"
#include "wire/mysql/packets.hpp"
#include "wire/pg/client_login.hpp"

namespace rolegate::upstream {

/// What is known of a login for the audit log; nothing of it is secret.
struct LoginFacts {
  std::string user;        ///< of the database
  std::string endpoint;    ///< "db.example.com:5432"
  std::string role_arn;    ///< empty: the caller's own identity
  std::string request_id;  ///< of the AWS call that the login was made with, or that failed
};

/// How a MySQL session begins.
struct MysqlStart {
  wire::mysql::Greeting greeting;  ///< the server's
  std::string ok_payload;          ///< of the OK that ended the login
  std::string rest;                ///< what came behind it
};

using SessionStart = std::variant<wire::pg::SessionStart, MysqlStart>;

/// A database's session, logged in and at rest.
struct DatabaseSession {
  net::Stream stream;
  std::string address;  ///< numeric, that the connection went to
  std::uint16_t port = 0;
  TlsTarget tls;  ///< how another connection to the same server is secured
  SessionStart start;
  LoginFacts facts;
  login::Steps steps;
};

/// Why there is no session.
struct SessionRefusal {
  UpstreamFailure failure;
  LoginFacts facts;  ///< as far as the login came
  login::Steps steps;
  std::optional<wire::mysql::Greeting> greeting;  ///< of the MySQL server that was met, if one was
};

/// Gives out sessions with databases. For the thread of one loop.
class SessionProvider {
 public:
  using Result = std::expected<DatabaseSession, SessionRefusal>;
  /// Called by the loop, once, and never by `lease` itself; not after give_up(). It may destroy whoever
  /// asked.
  using Done = std::move_only_function<void(Result)>;
  /// A lease that was asked for and has not come about yet.
  using Ticket = std::uint64_t;

  /// On what terms a session is opened.
  struct Terms {
    config::IamFlag flag;
    std::shared_ptr<LoginRate> rate;  ///< of the database; never null
    std::string client;               ///< who takes turns with others at the rate
    /// For all of it, from its turn on; nothing: as long as the database's connect_timeout says.
    std::optional<std::chrono::milliseconds> time = std::nullopt;
  };

  virtual ~SessionProvider() = default;
  [[nodiscard]] virtual Ticket lease(Wish wish, Terms terms, Done done) = 0;
  /// Nobody waits for it any more. What has been called back already is ignored.
  virtual void give_up(Ticket ticket) = 0;
};

}  // namespace rolegate::upstream

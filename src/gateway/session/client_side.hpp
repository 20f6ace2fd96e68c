#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/scram.hpp"
#include "base/secret.hpp"
#include "config/gateway_user.hpp"
#include "gateway/access.hpp"
#include "gateway/session/client_error.hpp"
#include "gateway/session/conversation.hpp"
#include "gateway/stats.hpp"
#include "net/mailbox.hpp"
#include "net/stream.hpp"
#include "upstream/session_provider.hpp"
#include "wire/pg/messages.hpp"

namespace rolegate::gateway {

/// What comes next in a client's login. Before it, what take_output() gives is sent.
struct Step {
  enum class Kind {
    more,           ///< what the client says next: receive()
    start_tls,      ///< TLS as its server, then tls_started()
    greeting,       ///< what the database greets with is not known yet: when_greeted(), then greet()
    admit,          ///< the client has named a user: user(), then trust() or ask()
    check,          ///< password() is to be compared, which takes milliseconds, then password_checked()
    authenticated,  ///< it is who it says, by the method `text`: then choose()
    connect,        ///< it wants the database `text`; empty: none was named
    refused,        ///< its proof is wrong, as `text` says: it gets `error`
    unproven,       ///< it goes, or has to, with nothing shown that could be right or wrong; may get `error`
    undecided,      ///< nobody can tell which database it wants: it gets `error`
    no_sessions,    ///< the gateway drains, and this would be a new session
    cancel,         ///< it is a CancelRequest with `key`
    left,           ///< it has said goodbye
    violation,      ///< what came is no login, as `text` says
  };
  Kind kind = Kind::more;
  std::string text = {};
  std::optional<ClientError> error = {};
  wire::pg::CancelKey key = {};
};

/// What a client's protocol is until its session begins: takes what the client says, and what was found out
/// meanwhile, and says what comes next. Decides nothing of access, does no I/O.
class ClientSide {
 public:
  virtual ~ClientSide() = default;

  [[nodiscard]] virtual Step begin() = 0;
  [[nodiscard]] virtual Step receive(std::string_view bytes) = 0;
  [[nodiscard]] virtual Step tls_started(const net::Stream& stream) = 0;
  /// Each byte once.
  [[nodiscard]] virtual std::string take_output() = 0;
  /// How many bytes may be read at once: fewer than there are where what comes behind them belongs to TLS.
  [[nodiscard]] virtual std::size_t most_to_read() const { return SIZE_MAX; }
  /// The client has begun with TLS, which nothing asks for. Asked before each read.
  [[nodiscard]] virtual bool begins_with_tls(const net::Stream&) { return false; }
  [[nodiscard]] virtual const net::SslContextPtr& tls_context() const = 0;

  /// After `greeting`: has `then` sent when something is known, or nothing will be.
  virtual void when_greeted(const net::Mailbox::Address&, net::EventLoop::Task) {}
  [[nodiscard]] virtual Step greet() { return {}; }

  /// After `admit`: who it says it is.
  [[nodiscard]] virtual std::string user() = 0;
  /// It has answered already, for whatever it expected to be asked.
  [[nodiscard]] virtual bool has_answered() const { return false; }
  [[nodiscard]] virtual Step trust() = 0;
  /// Asks for a proof. `verifier`: see verifier_for.
  [[nodiscard]] virtual Step ask(const Admission& admission, base::ScramVerifier verifier) = 0;
  [[nodiscard]] virtual base::Secret password() const { return {}; }
  [[nodiscard]] virtual Step password_checked(bool) { return {}; }
  /// After `authenticated`, when the client may have a session.
  [[nodiscard]] virtual Step choose(const Admission& admission) = 0;
  /// Passwords that were tried in this login and did not let the client in.
  [[nodiscard]] virtual unsigned guesses() const { return 0; }

  /// What it wants of the database. `identified`: the user that the database is to be told of; null: none.
  [[nodiscard]] virtual std::variant<upstream::PgWish, upstream::MysqlWish> wish(
      const config::GatewayUser* identified) const = 0;
  /// How a session begins that the database has let in.
  struct Start {
    std::string to_client;
    std::string from_client;  ///< what it has sent ahead
    std::unique_ptr<Conversation> conversation;
  };
  /// `database`: its name in the configuration. The login is over, and what it needed gone.
  [[nodiscard]] virtual Start open(const upstream::DatabaseSession& session, const std::string& database) = 0;
  /// Instead of close(): the client wants another session on its connection. `login`: what it has said of
  /// that so far.
  [[nodiscard]] virtual Step change_user(std::string_view) { return {.kind = Step::Kind::left}; }
  /// The database's session is over, the client's connection not yet: what leads to it leads nowhere from now
  /// on.
  virtual void close() = 0;

  /// As the end of a login.
  [[nodiscard]] virtual std::string encoded(const ClientError& error) = 0;
  /// To a client whose session was being relayed, where its conversation has room for it; may be empty.
  [[nodiscard]] virtual std::string last_words(const ClientError& error) = 0;
};

}  // namespace rolegate::gateway

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/secret.hpp"
#include "wire/pg/messages.hpp"
#include "wire/pg/session_start.hpp"

namespace rolegate::wire::pg {

/// Why a login did not come about.
struct ClientFailure {
  enum class Kind {
    tls_not_offered,
    bytes_before_tls,  ///< something came in the clear behind the offer of TLS
    server_error,      ///< the server said so: `error`
    unsupported_authentication,
    token_not_asked_for,  ///< the password is a token, and the server wants another kind of proof
    protocol,  ///< what came is no part of a PostgreSQL login, or SCRAM's proof of the server was wrong
  };
  Kind kind = Kind::protocol;
  ErrorFields error;
  std::string reason;  ///< for the other kinds, for people: "it asks for GSSAPI authentication"
};

/// A client's side of a login: SSLRequest, TLS, StartupMessage 3.0, password in the clear, MD5 or
/// SCRAM-SHA-256 (-PLUS when offered), until ReadyForQuery. Takes bytes and says what comes next; does no
/// I/O. There is no way through it that gives a password, or its hash, before tls_started().
class ClientLogin {
 public:
  enum class Event {
    more,       ///< send the output, wait for bytes of the server
    start_tls,  ///< send the output, then TLS, verified as sslmode says, then tls_started()
    ready,      ///< logged in: take_session_start()
    failed,     ///< failure()
  };
  struct Settings {
    std::string user;
    base::Secret password;
    std::string database;   ///< empty: the user's name, as the server has it
    Parameters parameters;  ///< of the client, passed on
    /// The password is a token: it is said in the clear where that is asked for, and nothing else is made of
    /// it. A server that wants a hash of it would compare that with some other password's.
    bool is_token = false;
  };
  /// What a server sends before ReadyForQuery (notices of login triggers, say) may take so much room, and no
  /// more.
  static constexpr std::size_t kMaxSessionStart = 1 << 20;
  static constexpr std::size_t kMaxMessage = 64 << 10;

  /// The first output (SSLRequest) is there at once. `random` outlives this.
  ClientLogin(Settings settings, base::Random& random);
  ~ClientLogin();
  ClientLogin(ClientLogin&&) noexcept;
  ClientLogin& operator=(ClientLogin&&) noexcept;

  Event receive(std::string_view bytes);
  /// `end_point`: tls-server-end-point of the server's certificate, for channel binding; empty: without.
  Event tls_started(std::string end_point);

  /// What is to be sent; each byte once. May hold the password: wipe it.
  [[nodiscard]] std::string take_output();
  /// Once ready; what comes after that is added to its `rest`.
  [[nodiscard]] SessionStart take_session_start();
  [[nodiscard]] const ClientFailure& failure() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A CancelRequest on its way: SSLRequest, TLS, the request, and the server closes.
class ClientCancel {
 public:
  enum class Event {
    more,
    start_tls,
    sent,    ///< send the output; then wait for the server to close
    failed,  ///< TLS not offered, or bytes before it: the key was not sent
  };
  /// The first output (SSLRequest) is there at once.
  explicit ClientCancel(CancelKey key);
  Event receive(std::string_view bytes);
  Event tls_started();
  /// What is to be sent; each byte once.
  [[nodiscard]] std::string take_output();

 private:
  enum class Stage { answer, tls, sent, failed };
  CancelKey key_;
  Stage stage_ = Stage::answer;
  std::string output_;
};

}  // namespace rolegate::wire::pg

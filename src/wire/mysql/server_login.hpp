#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <openssl/types.h>

#include "base/random.hpp"
#include "base/secret.hpp"
#include "wire/mysql/packets.hpp"
#include "wire/mysql/password_exchange.hpp"

namespace rolegate::wire::mysql {

/// What a HandshakeResponse41 asks for.
struct Startup {
  std::string user;
  std::string schema;             ///< empty: none
  Capabilities capabilities = 0;  ///< those the client set, of those it was offered
  std::uint32_t max_packet_size = 0;
  std::uint16_t character_set = 0;  ///< see HandshakeResponse
  std::string attributes;           ///< CLIENT_CONNECT_ATTRS, as they came
};

/// A server's side of a login: greeting, SSLRequest, HandshakeResponse41, and the proof (see
/// PasswordExchange); or of a change of user, which is a login that begins with COM_CHANGE_USER. Takes bytes
/// and says what comes next; does no I/O.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
class ServerLogin {
 public:
  enum class Event {
    more,            ///< send the output, wait for bytes of the client
    start_tls,       ///< TLS as its server, with what take_rest() gives first; then tls_started()
    startup,         ///< startup() says who wants what; go on with trust() or ask_password()
    check_password,  ///< password() came whole; check it (it takes milliseconds), then password_checked()
    authenticated,   ///< the client is who it says; it has not been told yet
    refused,         ///< it is not: the owner answers with error() when it likes, and closes
    no_password,     ///< it shows nothing that could be right or wrong: likewise
    quit,            ///< COM_QUIT in place of a login: send the output, close
    failed,          ///< send the output, close
  };
  struct Options {
    Greeting greeting;  ///< scramble and auth_plugin are filled in here; capabilities: see relayed()
    bool tls_offered = false;
    bool tls_required = false;  ///< on a unix socket, too
    /// A password may come in the clear: nobody else can listen. Also for loopback, where MariaDB's clients
    /// (Connector/C 3.3, unless told --skip-ssl) send it in the clear to a server without TLS whatever it
    /// says.
    bool unix_socket = false;
    EVP_PKEY* rsa_key =
        nullptr;  ///< for passwords over TCP without TLS; outlives this; null: not possible there
  };
  /// What holds for a client's connection from its login on, whoever its user: what a change of user begins
  /// with.
  struct Connection {
    Capabilities capabilities = 0;
    std::uint32_t max_packet_size = 0;
    std::uint16_t character_set = 0;  ///< where a COM_CHANGE_USER names none
    PasswordExchange::Channel channel;
    std::string scramble;  ///< the last one that the client was given
  };
  /// Room for all the attributes that servers take, and for what stands before them.
  static constexpr std::size_t kMaxPacket = (64 + 4) << 10;
  /// Of a user's name and of a schema's, in bytes.
  static constexpr std::size_t kMaxUser = 256;
  static constexpr std::size_t kMaxSchema = 1024;

  /// The greeting is the first output. `random` outlives this.
  ServerLogin(Options options, base::Random& random);
  /// A change of user; its COM_CHANGE_USER comes first. As servers do, a client that knows plugins is asked
  /// by an AuthSwitchRequest, whatever it has answered already: from which scramble, it does not say.
  ServerLogin(Connection connection, base::Random& random);
  ~ServerLogin();
  ServerLogin(ServerLogin&&) noexcept;
  ServerLogin& operator=(ServerLogin&&) noexcept;

  /// Bytes as they come, in pieces of any size; after start_tls, decrypted ones.
  Event receive(std::string_view bytes);
  /// Bytes behind the SSLRequest that were not taken for TLS fail the login: they must not count as if they
  /// had come inside it.
  Event tls_started();
  /// Lets the client in without a password.
  Event trust();
  /// With nothing known (no such user) the exchange goes as with a password that is wrong: it ends with
  /// check_password too, where that is what a real user without fast_check would see.
  Event ask_password(const PasswordVerifiers& verifiers);
  /// Wipes password(). A user with a native hash only is checked here: `right` is not the last word then.
  Event password_checked(bool right);

  [[nodiscard]] const Startup& startup() const;
  /// Once authenticated.
  [[nodiscard]] Connection connection() const;
  /// After startup: the client has answered already, for the plugin that it expects.
  [[nodiscard]] bool has_answered() const;
  /// Passwords that the client has tried and that did not let it in: its answers, those of one password once
  /// as far as that can be told. An answer that nothing is known to compare with counts too, or counting
  /// would tell who exists. None once it is authenticated.
  [[nodiscard]] unsigned guesses() const;
  [[nodiscard]] const base::Secret& password() const;
  /// How the client has shown, or tried to show, who it is: "caching_sha2_password", "mysql_native_password";
  /// empty before that, and after trust().
  [[nodiscard]] std::string_view method() const;
  /// For `failed`, `refused` and `no_password`: what happened, for log and audit.
  [[nodiscard]] const std::string& reason() const;
  /// What is to be sent; each byte once. It goes before what ok() and error() give.
  [[nodiscard]] std::string take_output();
  /// After start_tls: what the client has sent already of TLS. Once authenticated: beyond its login.
  [[nodiscard]] std::string take_rest();

  /// The end of the login, framed with the sequence id that the client expects: an upstream's OK payload, or
  /// an error (1045 and the like; without its SQLSTATE as long as the client has not said that it speaks
  /// protocol 4.1).
  [[nodiscard]] std::string ok(std::string_view payload);
  [[nodiscard]] std::string error(const ErrorPacket& error);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rolegate::wire::mysql

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "wire/mysql/packets.hpp"

namespace rolegate::wire::mysql {

/// Why a login did not come about.
struct ClientFailure {
  enum class Kind {
    tls_not_offered,
    bytes_before_tls,
    server_error,         ///< the server said so: `error`
    other_method,         ///< it asks for a login method that is not answered: `method`
    capabilities_differ,  ///< it lacks what the client was promised: the greeting the client got is out of
                          ///< date
    protocol,
  };
  Kind kind = Kind::protocol;
  ErrorPacket error;
  std::string method;
  std::string reason;
};

/// A client's side of a login: greeting, SSLRequest, TLS, HandshakeResponse41, AuthSwitchRequest, until OK.
/// Takes bytes and says what comes next; does no I/O. There is no way through it that gives a password, or a
/// hash of one, before tls_started(). The handshake response carries no password: what the server asks for
/// after it is answered (mysql_clear_password for an IAM login, as Aurora asks; the others for password
/// databases).
class ClientLogin {
 public:
  enum class Event {
    more,
    start_tls,
    ready,   ///< logged in: ok_payload()
    failed,  ///< failure()
  };
  enum class Methods {
    iam,       ///< mysql_clear_password and nothing else
    password,  ///< mysql_native_password, caching_sha2_password, sha256_password, mysql_clear_password
  };
  struct Settings {
    std::string user;
    base::Secret password;
    std::string schema;
    Methods methods = Methods::iam;
    Capabilities capabilities =
        0;  ///< those of the client's session (relayed()); the leg's own are added here
    std::uint32_t max_packet_size = 1 << 24;
    std::uint16_t character_set = 45;  ///< see HandshakeResponse
    std::string attributes;            ///< likewise
    bool greeting_only = false;  ///< ready as soon as the greeting is there: to learn a server's version
  };
  static constexpr std::size_t kMaxPacket = 64 << 10;

  explicit ClientLogin(Settings settings);
  ~ClientLogin();
  ClientLogin(ClientLogin&&) noexcept;
  ClientLogin& operator=(ClientLogin&&) noexcept;

  Event receive(std::string_view bytes);
  Event tls_started();

  /// What is to be sent; each byte once. May hold the password: wipe it.
  [[nodiscard]] std::string take_output();
  /// The server's greeting, as soon as it is there (after the first start_tls or ready).
  [[nodiscard]] const Greeting& greeting() const;
  /// The payload of the OK packet, session state changes included.
  [[nodiscard]] const std::string& ok_payload() const;
  /// What came behind the OK packet.
  [[nodiscard]] std::string take_rest();
  [[nodiscard]] const ClientFailure& failure() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rolegate::wire::mysql

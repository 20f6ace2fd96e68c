#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/scram.hpp"
#include "wire/pg/messages.hpp"

namespace rolegate::wire::pg {

/// What a StartupMessage asks for.
struct Startup {
  std::string user;
  std::string database;  ///< the user's name when the client names none, as PostgreSQL has it
  bool database_named = false;
  Parameters parameters;                                ///< everything else, except protocol options (_pq_.…)
  std::size_t cancel_secret_size = CancelKey::kSize30;  ///< as the client's version of the protocol has it
};

/// A server's side of a login: from the first byte until the client has proved who it is. Takes bytes and
/// says what comes next; does no I/O. SSLRequest, direct TLS, GSSENCRequest, CancelRequest, StartupMessage
/// 3.x, SCRAM-SHA-256 (-PLUS inside TLS). What the owner says to the client afterwards (authentication_ok,
/// the upstream's session start, an error) is not this machine's matter.
/// https://www.postgresql.org/docs/15/protocol-flow.html#id-1.10.6.7.3
class ServerLogin {
 public:
  enum class Event {
    more,           ///< send the output, wait for bytes of the client
    start_tls,      ///< send the output, then TLS as its server, then tls_started() or direct_tls_started()
    startup,        ///< startup() says who wants what; go on with trust() or ask_scram()
    authenticated,  ///< the client is who it says; it has not been told yet
    refused,        ///< it is not: the owner answers when it likes, and closes
    cancel,         ///< cancel_key(); no answer is due, close
    failed,  ///< send the output (an ErrorResponse, or nothing to a peer that speaks no PostgreSQL), close
  };
  struct Options {
    bool tls_offered = false;
    bool tls_required = false;  ///< a StartupMessage outside of TLS is refused
  };
  /// What a client of this protocol is called in TLS (ALPN).
  static constexpr std::string_view kApplicationProtocol = "postgresql";
  /// PostgreSQL's own bound (MAX_STARTUP_PACKET_LENGTH).
  static constexpr std::size_t kMaxStartup = 10000;
  /// A client may send this much ahead of what is asked of it, and no more.
  static constexpr std::size_t kMaxUnread = 64 << 10;

  /// `random` outlives this.
  ServerLogin(Options options, base::Random& random);
  ~ServerLogin();
  ServerLogin(ServerLogin&&) noexcept;
  ServerLogin& operator=(ServerLogin&&) noexcept;

  /// Bytes as they come, in pieces of any size; may be empty. After start_tls, only decrypted ones: bytes
  /// that came in the clear behind an SSLRequest fail the login (CVE-2021-23214). What comes while the owner
  /// decides, or once authenticated, is kept (`more`).
  Event receive(std::string_view bytes);
  /// `end_point`: tls-server-end-point of RFC 5929 (hash of the own certificate), for channel binding; empty:
  /// SCRAM-SHA-256-PLUS is not offered.
  Event tls_started(std::string end_point);
  /// Likewise, where the client has begun with TLS itself (sslnegotiation=direct), before any byte was
  /// received. As PostgreSQL 17 has it, it must have named its protocol then (ALPN), so that no client of
  /// another protocol can be led here.
  Event direct_tls_started(std::string end_point, std::string_view application_protocol);

  /// Lets the client in without a password: peer_uid, a client certificate, or nobody else can get here.
  Event trust();
  /// Asks for a password. For a user who does not exist, or has none, the owner gives a verifier that no
  /// password fits, so that nobody can tell.
  Event ask_scram(base::ScramVerifier verifier);

  [[nodiscard]] const Startup& startup() const;
  [[nodiscard]] const CancelKey& cancel_key() const;
  /// For `failed` and `refused`: what happened, for log and audit. Never holds what the client sent verbatim
  /// beyond names.
  [[nodiscard]] const std::string& reason() const;
  /// What is to be sent; each byte once.
  [[nodiscard]] std::string take_output();
  /// Once authenticated: what the client has sent already beyond its login; it belongs to the upstream.
  [[nodiscard]] std::string take_rest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rolegate::wire::pg

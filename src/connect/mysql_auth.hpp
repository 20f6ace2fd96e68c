#pragma once

#include <string>

#include "base/clock.hpp"
#include "connect/attempts.hpp"
#include "login/login.hpp"

struct st_mysql;
struct st_plugin_vio;

namespace rolegate::connect {

/// What a MySQL login goes through in Connector/C, from the inside: an authentication plugin and an I/O wait
/// callback of this module, both bound to one connection.
///
/// Connector/C 3.3 verifies a certificate against MYSQL::host, the host it was told to dial, and has no
/// separate TLS name. When a server does not offer TLS it goes on without, unless verification was asked for.
/// It leaves its read-ahead buffer alone when TLS starts, so that bytes sent in the clear before would count
/// as if they had come inside TLS. And its timeouts are whole seconds for each read.
///
/// All four are dealt with in one place, the plugin, which Connector/C asks for the first answer to the
/// server's greeting (MYSQL_DEFAULT_AUTH), before it starts TLS:
/// - no CLIENT_SSL in the greeting: the login ends there;
/// - bytes after the greeting: the login ends there;
/// - MYSQL::host becomes the TLS name. Connector/C's own check, made inside its TLS start and before it sends
///   anything, then is the check that is wanted. Should a later version look elsewhere, it would find the
///   dialled address, and the certificate would not match: the login would fail, not pass unchecked;
/// - the socket becomes non-blocking, so that every wait in TLS comes to the callback (MARIADB_OPT_IO_WAIT)
/// and
///   its deadline.
/// Connector/C is given no password at all. The plugin keeps it, answers the server's request for
/// mysql_clear_password itself, inside TLS, and MARIADB_OPT_RESTRICTED_AUTH lets no other plugin run. A
/// configured password (no IAM) is handed to Connector/C's own plugins after TLS has been verified.
///
/// Considered and left: the non-blocking API (3.3 does not yield during TLS, so there is no moment at which
/// to act); a pinned fingerprint (SHA-1, and a second connection); TLS of our own in front of it (a relay for
/// the whole session). Read in 3.3.12's source, held against 3.3.20's code, and tested against both kinds of
/// server.
class MysqlAuth {
 public:
  enum class Verdict {
    none,
    tls_not_offered,
    bytes_before_tls,
    no_tls,        ///< the server asked for an answer before TLS was up
    other_method,  ///< it asked for a method that this login does not use; see method()
    out_of_turn,   ///< it sent something that is no answer to a login
  };

  MysqlAuth(const login::Login& login, base::Deadline deadline, base::Deadline tcp_deadline, Stages& stages)
      : login_(login), deadline_(deadline), tcp_deadline_(tcp_deadline), stages_(stages) {}
  MysqlAuth(const MysqlAuth&) = delete;
  MysqlAuth& operator=(const MysqlAuth&) = delete;

  /// Sets the options that make `connection` use this object, and registers the plugin with Connector/C.
  /// False when it cannot be registered.
  [[nodiscard]] static bool prepare(st_mysql& connection);
  /// Takes them back after a login, so that the connection is an ordinary one.
  static void release(st_mysql& connection);

  /// While it lives, the callbacks in this thread work for `auth`.
  class Bound {
   public:
    explicit Bound(MysqlAuth& auth);
    ~Bound();
    Bound(const Bound&) = delete;
    Bound& operator=(const Bound&) = delete;

   private:
    MysqlAuth* previous_;
  };

  [[nodiscard]] Verdict verdict() const { return verdict_; }
  [[nodiscard]] const std::string& method() const { return method_; }
  [[nodiscard]] bool timed_out() const { return timed_out_; }
  /// errno of a TCP connection that failed while it was waited for; else 0.
  [[nodiscard]] int connect_error() const { return connect_error_; }

 private:
  struct Callbacks;
  int authenticate(st_plugin_vio& vio, st_mysql& connection);
  int answer_request(st_plugin_vio& vio, st_mysql& connection);
  int wait(int socket, bool for_reading);
  int refuse(Verdict verdict);
  /// TLS is the current stage and has been verified: on to the next.
  void note_tls(st_mysql& connection);

  const login::Login& login_;
  base::Deadline deadline_;
  base::Deadline tcp_deadline_;
  Stages& stages_;
  st_mysql* connection_ = nullptr;  ///< once the greeting has come
  bool asked_ = false;
  bool timed_out_ = false;
  int connect_error_ = 0;
  Verdict verdict_ = Verdict::none;
  std::string method_;
};

}  // namespace rolegate::connect

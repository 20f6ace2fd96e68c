#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/types.h>

#include "base/random.hpp"
#include "base/secret.hpp"
#include "base/sha256.hpp"
#include "wire/mysql/packets.hpp"

namespace rolegate::wire::mysql {

/// What is known of a user's password.
struct PasswordVerifiers {
  std::optional<NativeHash> native;              ///< mysql_native_password can be answered
  bool full_check = false;                       ///< the owner can check a password in the clear
  std::optional<base::Sha256Digest> fast_check;  ///< SHA256(SHA256(password)), of a password checked before
};

/// How a client shows a server that it knows a password: caching_sha2_password (fast path; full path inside
/// TLS, over a unix socket, or with RSA) and mysql_native_password. Takes the payloads of the client's
/// packets and says what comes next; their framing is the owner's.
///
/// What the exchange goes through depends on the client and its connection, not on the user; so a wrong
/// password and a user that does not exist look the same:
/// - a client that has answered for mysql_native_password, right: proven. Wrong, or nothing to compare with:
///   as any other plugin;
/// - where caching_sha2_password is possible (the client knows plugins; TLS, unix socket, or an RSA key):
///   that one, after an AuthSwitchRequest if the client has answered for another; fast path, else full path;
/// - elsewhere: mysql_native_password, after an AuthSwitchRequest if the client has answered for another.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
class PasswordExchange {
 public:
  enum class Step {
    more,            ///< send the reply, wait for the client's next packet
    check_password,  ///< password() came whole; check it (it takes milliseconds), then password_checked()
    proven,          ///< send the reply, if there is one
    refused,         ///< the client is not who it says
    no_password,     ///< it shows nothing that could be right or wrong
    in_the_clear,    ///< its password came where others could read it
  };
  /// What a client's connection makes possible.
  struct Channel {
    bool plugins = false;  ///< CLIENT_PLUGIN_AUTH
    bool in_tls = false;
    bool unix_socket = false;     ///< see ServerLogin::Options
    EVP_PKEY* rsa_key = nullptr;  ///< likewise
  };
  /// What a client shows before it is asked.
  struct FirstAnswer {
    std::string plugin;
    base::Secret response;
  };

  /// At a login, with a new scramble. `random` outlives this.
  explicit PasswordExchange(base::Random& random);
  /// In a change of user. `scramble`: the last one that the client was given.
  PasswordExchange(std::string scramble, base::Random& random);

  /// Of the greeting, until an AuthSwitchRequest brings another one.
  [[nodiscard]] const std::string& scramble() const { return scramble_; }

  /// Without a first answer, the client is asked for one by an AuthSwitchRequest in any case.
  void begin(Channel channel, std::optional<FirstAnswer> first);
  /// The client has shown something already, for the plugin that it expects.
  [[nodiscard]] bool has_answered() const;

  // Once, after begin().
  Step trust();
  /// With nothing known (no such user) the exchange goes as with a password that is wrong: it ends with
  /// check_password too, where that is what a real user without fast_check would see.
  Step ask(const PasswordVerifiers& known);

  Step receive(std::string_view payload);
  /// Wipes password(). A user with a native hash only is checked here: `right` is not the last word then.
  Step password_checked(bool right);

  /// The payload of a packet for the client; empty: none.
  [[nodiscard]] std::string take_reply();
  [[nodiscard]] const base::Secret& password() const { return password_; }
  /// See ServerLogin, as of the following two.
  [[nodiscard]] unsigned guesses() const { return guesses_; }
  [[nodiscard]] std::string_view method() const { return method_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  /// What the client's next packet holds.
  enum class Stage {
    native,     ///< mysql_native_password's response
    fast,       ///< caching_sha2_password's response
    full,       ///< the password, or a request for the public key
    encrypted,  ///< the password, encrypted with the public key that was sent
    trusted,    ///< anything: the client is let in
  };
  /// What a client has answered without being let in.
  struct Answer {
    [[nodiscard]] bool was_made_from(const base::Secret& password) const;
    std::string_view plugin;
    std::string scramble;
    base::Secret response;
  };

  [[nodiscard]] bool answered_for(std::string_view plugin) const {
    return first_ && first_->plugin == plugin;
  }
  [[nodiscard]] bool secure() const { return channel_.in_tls || channel_.unix_socket; }
  Step prove();
  Step refuse(std::string why);
  Step refuse_unproven();
  void note_guess(std::string_view response);
  Step switch_to(std::string_view plugin, Stage next);
  Step take_native(std::string_view response);
  Step take_trusted(std::string_view response);
  Step take_fast(std::string_view response);
  [[nodiscard]] std::optional<Step> judge_fast(std::string_view response);
  Step ask_for_password();
  Step take_full(std::string_view payload);
  Step take_password(std::optional<base::Secret> given);

  base::Random& random_;
  std::string scramble_;
  Channel channel_;
  std::optional<FirstAnswer> first_;
  PasswordVerifiers verifiers_;
  Stage stage_ = Stage::native;
  std::string reply_;
  std::vector<Answer> answers_;
  unsigned guesses_ = 0;
  base::Secret password_;
  std::string_view method_;
  std::string reason_;
};

}  // namespace rolegate::wire::mysql

#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <openssl/types.h>

#include "gateway/mysql_connections.hpp"
#include "gateway/mysql_greetings.hpp"
#include "gateway/session/session.hpp"
#include "net/mailbox.hpp"
#include "wire/mysql/server_login.hpp"

namespace rolegate::gateway {

struct RsaKeyFree {
  void operator()(EVP_PKEY* key) const noexcept;
};
using RsaKeyPtr = std::unique_ptr<EVP_PKEY, RsaKeyFree>;
/// A key of 2,048 bits for passwords that come over TCP without TLS; takes a tenth of a second.
[[nodiscard]] RsaKeyPtr make_rsa_key();

/// Passwords that were right, as caching_sha2_password's fast path wants them: SHA256(SHA256(password)), per
/// user and verifier. Thread-safe.
class FastPasswords {
 public:
  [[nodiscard]] std::optional<base::Sha256Digest> find(const std::string& user,
                                                       const base::ScramVerifier& verifier) const;
  void remember(const std::string& user, const base::ScramVerifier& verifier, const base::Secret& password);

 private:
  static constexpr std::size_t kMost = 10000;
  mutable std::mutex mutex_;
  /// By user name and stored key: a password that was changed is another one.
  std::map<std::pair<std::string, base::Sha256Digest>, base::Sha256Digest> known_;
};

/// What MySQL sessions share beyond the rest.
struct MysqlDoor {
  MysqlGreetings& greetings;
  MysqlConnections& connections;
  FastPasswords& fast_passwords;
  std::atomic<EVP_PKEY*> rsa_key;  ///< null: nobody listens for MySQL over TCP without TLS
};

/// A session of a MySQL client with a MySQL or MariaDB database.
class MysqlSession final : public Session {
 public:
  MysqlSession(net::EventLoop& loop, Shared& shared, SessionKeeper& keeper, Arrival arrival);
  ~MysqlSession() override;

 private:
  using Event = wire::mysql::ServerLogin::Event;

  void greet() override;
  void received(std::string_view bytes) override;
  [[nodiscard]] std::size_t most_to_read() const override;
  void tls_started() override { follow(login_->tls_started()); }
  [[nodiscard]] const net::SslContextPtr& tls_context() const override { return settings().mysql_tls; }
  [[nodiscard]] std::string encoded(const ClientError& error) override;
  [[nodiscard]] std::variant<upstream::PgWish, upstream::MysqlWish> wish() const override;
  [[nodiscard]] Opening open(upstream::DatabaseSession& upstream) override;
  [[nodiscard]] std::string last_words(const ClientError& error) override;
  void database_refused(const upstream::SessionRefusal& refusal) override;
  void session_ended() override { shared().mysql.connections.close(id_); }
  void forget_login() override { login_.reset(); }
  [[nodiscard]] bool give_up() override;
  [[nodiscard]] unsigned guesses() const override { return login_ ? login_->guesses() : 0; }

  void say_hello();
  [[nodiscard]] std::string client_host() const;
  void follow(Event event);
  void let_in();
  void ask_password();
  void check_password();
  class PasswordCheck;
  /// Null: nobody had the time to look at the password.
  void password_checked(std::optional<bool> right);
  /// Takes "user@database" apart when the listener is shared.
  void read_names();
  void find_database();
  void hear_first_command();
  void take_first_command(std::string_view bytes);

  std::unique_ptr<wire::mysql::ServerLogin> login_;
  std::uint32_t id_;
  std::string name_;             ///< the user's, without @database
  std::string selected_;         ///< the configured database that was asked for
  std::string schema_;           ///< what goes to the database; empty: the URI's
  std::size_t first_bytes_ = 0;  ///< of the client's first packet, as far as they matter
  bool let_in_ = false;          ///< before any database was found
  std::string first_command_;    ///< which says what database that is
  login::CallPool::Pending check_;
  bool checking_ = false;
  /// What a task on its way from another thread looks at first.
  std::shared_ptr<MysqlSession*> self_;
  net::Mailbox mailbox_{loop()};
};

}  // namespace rolegate::gateway

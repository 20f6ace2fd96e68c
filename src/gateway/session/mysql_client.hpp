#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "gateway/session/arrival.hpp"
#include "gateway/session/client_side.hpp"
#include "gateway/session/session_services.hpp"
#include "wire/mysql/server_login.hpp"

namespace rolegate::gateway {

/// A client of MySQL or MariaDB. The server speaks first in this protocol: see MysqlGreetings.
class MysqlClient final : public ClientSide {
 public:
  /// Both outlive this.
  MysqlClient(const Arrival& arrival, SessionServices& services);
  ~MysqlClient() override;
  MysqlClient(const MysqlClient&) = delete;
  MysqlClient& operator=(const MysqlClient&) = delete;

  [[nodiscard]] Step begin() override;
  [[nodiscard]] Step receive(std::string_view bytes) override;
  [[nodiscard]] Step tls_started(const net::Stream&) override { return step(login_->tls_started()); }
  [[nodiscard]] std::string take_output() override;
  [[nodiscard]] std::size_t most_to_read() const override;
  [[nodiscard]] const net::SslContextPtr& tls_context() const override {
    return arrival_.settings->mysql_tls;
  }
  void when_greeted(const net::Mailbox::Address& address, net::EventLoop::Task then) override;
  [[nodiscard]] Step greet() override;
  [[nodiscard]] std::string user() override;
  [[nodiscard]] bool has_answered() const override { return login_->has_answered(); }
  [[nodiscard]] Step trust() override { return step(login_->trust()); }
  [[nodiscard]] Step ask(const Admission& admission, base::ScramVerifier verifier) override;
  [[nodiscard]] base::Secret password() const override { return login_->password().copy(); }
  [[nodiscard]] Step password_checked(bool right) override { return step(login_->password_checked(right)); }
  [[nodiscard]] Step choose(const Admission& admission) override;
  [[nodiscard]] unsigned guesses() const override { return login_ ? login_->guesses() : 0; }
  [[nodiscard]] std::variant<upstream::PgWish, upstream::MysqlWish> wish(
      const config::GatewayUser* identified) const override;
  [[nodiscard]] Start open(const upstream::DatabaseSession& session, const std::string& database) override;
  [[nodiscard]] Step change_user(std::string_view login) override;
  void close() override;
  [[nodiscard]] std::string encoded(const ClientError& error) override;
  [[nodiscard]] std::string last_words(const ClientError& error) override;

 private:
  [[nodiscard]] Step step(wire::mysql::ServerLogin::Event event);
  [[nodiscard]] std::string client_host() const;
  /// Takes "user@database" apart when the listener is shared.
  void read_names();
  [[nodiscard]] Step hear_first_command();
  [[nodiscard]] Step take_first_command(std::string_view bytes);

  const Arrival& arrival_;
  SessionServices& services_;
  bool has_id_ = true;                               ///< id_ is not given back yet
  const std::uint32_t id_;                           ///< the connection id that the client is greeted with
  std::unique_ptr<wire::mysql::ServerLogin> login_;  ///< from the greeting on, until the session begins
  wire::mysql::ServerLogin::Connection connection_;  ///< what a change of user begins with
  std::string database_;                             ///< of the session, or of the one before it
  std::string name_;                                 ///< the user's, without @database
  std::string selected_;                             ///< the configured database that was asked for
  std::string schema_;                               ///< what goes to the database; empty: the URI's
  std::size_t first_bytes_ = 0;                      ///< of the client's first packet, as far as they matter
  bool let_in_ = false;                              ///< before any database was found
  std::string output_;                               ///< behind the login's own
  std::string first_command_;                        ///< which says what database that is
};

}  // namespace rolegate::gateway

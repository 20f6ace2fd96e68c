#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "gateway/session/session.hpp"
#include "wire/pg/client_login.hpp"
#include "wire/pg/server_login.hpp"

namespace rolegate::gateway {

/// A session of a PostgreSQL client with a PostgreSQL or Redshift database, or its CancelRequest.
class PgSession final : public Session {
 public:
  PgSession(net::EventLoop& loop, Shared& shared, SessionKeeper& keeper, Arrival arrival);
  ~PgSession() override;

 private:
  using Event = wire::pg::ServerLogin::Event;

  void received(std::string_view bytes) override;
  [[nodiscard]] bool begins_with_tls() override;
  void tls_started() override;
  [[nodiscard]] const net::SslContextPtr& tls_context() const override { return settings().postgresql_tls; }
  [[nodiscard]] std::string encoded(const ClientError& error) override { return error.pg(); }
  [[nodiscard]] std::variant<upstream::PgWish, upstream::MysqlWish> wish() const override;
  [[nodiscard]] Opening open(upstream::DatabaseSession& upstream) override;
  [[nodiscard]] std::string last_words(const ClientError& error) override { return error.pg(); }
  void session_ended() override { take_back_key(); }
  void forget_login() override { login_.reset(); }

  void follow(Event event);
  [[nodiscard]] Event let_in();
  void cancel();
  void take_back_key();
  void pass_cancel_on(CancelTarget target);

  class Cancelling;
  std::unique_ptr<wire::pg::ServerLogin> login_;
  bool heard_ = false;                      ///< the client's first byte is known …
  bool direct_tls_ = false;                 ///< … and begins TLS
  std::optional<wire::pg::CancelKey> key_;  ///< that the client has been given
  void give_back_turn();
  std::optional<std::string> cancel_turn_;  ///< of shared().cancel_turns, to be given back
  net::EventLoop::TimerId cancel_timer_{};
  std::unique_ptr<Cancelling> cancelling_;
};

}  // namespace rolegate::gateway

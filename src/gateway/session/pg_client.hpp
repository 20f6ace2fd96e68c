#pragma once

#include <memory>
#include <optional>

#include "gateway/session/arrival.hpp"
#include "gateway/session/client_side.hpp"
#include "gateway/session/session_services.hpp"
#include "wire/pg/server_login.hpp"

namespace rolegate::gateway {

/// A PostgreSQL client: one that wants a session, or its CancelRequest.
class PgClient final : public ClientSide {
 public:
  /// Both outlive this.
  PgClient(const Arrival& arrival, SessionServices& services);
  ~PgClient() override;
  PgClient(const PgClient&) = delete;
  PgClient& operator=(const PgClient&) = delete;

  [[nodiscard]] Step begin() override { return {}; }
  [[nodiscard]] Step receive(std::string_view bytes) override;
  [[nodiscard]] Step tls_started(const net::Stream& stream) override;
  [[nodiscard]] std::string take_output() override;
  [[nodiscard]] bool begins_with_tls(const net::Stream& stream) override;
  [[nodiscard]] const net::SslContextPtr& tls_context() const override {
    return arrival_.settings->postgresql_tls;
  }
  [[nodiscard]] std::string user() override { return login_->startup().user; }
  [[nodiscard]] Step trust() override;
  [[nodiscard]] Step ask(const Admission& admission, base::ScramVerifier verifier) override;
  [[nodiscard]] Step choose(const Admission& admission) override;
  [[nodiscard]] std::variant<upstream::PgWish, upstream::MysqlWish> wish(
      const config::GatewayUser* identified) const override;
  [[nodiscard]] Start open(const upstream::DatabaseSession& session, const std::string& database) override;
  void close() override;
  [[nodiscard]] std::string encoded(const ClientError& error) override { return error.pg(); }
  [[nodiscard]] std::string last_words(const ClientError& error) override { return error.pg(); }

 private:
  [[nodiscard]] Step step(wire::pg::ServerLogin::Event event);

  const Arrival& arrival_;
  SessionServices& services_;
  std::unique_ptr<wire::pg::ServerLogin> login_;  ///< until the session begins
  bool heard_ = false;                            ///< the client's first byte is known …
  bool direct_tls_ = false;                       ///< … and begins TLS
  std::optional<wire::pg::CancelKey> key_;        ///< that the client has been given
};

}  // namespace rolegate::gateway

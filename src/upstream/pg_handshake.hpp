#pragma once

#include "upstream/login_handshake.hpp"
#include "wire/pg/client_login.hpp"

namespace rolegate::upstream {

/// A login to PostgreSQL or Redshift.
class PgHandshake final : public LoginHandshake {
 public:
  /// `client_database`: the database of the settings, where the client has named it; else empty.
  PgHandshake(wire::pg::ClientLogin::Settings settings, std::string client_database, base::Random& random)
      : machine_(std::move(settings), random), client_database_(std::move(client_database)) {}

  Event receive(std::string_view bytes) override { return handshake_event(machine_.receive(bytes)); }
  Event tls_started(const net::Stream& stream) override {
    return handshake_event(machine_.tls_started(stream.server_end_point()));
  }
  [[nodiscard]] std::string take_output() override { return machine_.take_output(); }
  [[nodiscard]] SessionStart take_start() override { return machine_.take_session_start(); }
  [[nodiscard]] UpstreamFailure failure(const login::Login& login,
                                        const TrustedCertificates& trusted) const override;

 private:
  wire::pg::ClientLogin machine_;
  std::string client_database_;
};

/// A CancelRequest on its way, likewise.
class PgCancelHandshake final : public Handshake {
 public:
  explicit PgCancelHandshake(wire::pg::CancelKey key) : machine_(std::move(key)) {}

  Event receive(std::string_view bytes) override { return event(machine_.receive(bytes)); }
  Event tls_started(const net::Stream&) override { return event(machine_.tls_started()); }
  [[nodiscard]] std::string take_output() override { return machine_.take_output(); }

 private:
  [[nodiscard]] static Event event(wire::pg::ClientCancel::Event event);
  wire::pg::ClientCancel machine_;
};

/// The refused IAM login in the gateway's terms: whose token it was, and for whom.
[[nodiscard]] base::Error token_refused(const login::Login& login);

}  // namespace rolegate::upstream

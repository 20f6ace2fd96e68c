#pragma once

#include "upstream/login_handshake.hpp"
#include "wire/mysql/client_login.hpp"

namespace rolegate::upstream {

/// A login to MySQL or MariaDB.
class MysqlHandshake final : public LoginHandshake {
 public:
  /// `client_schema`: the schema of the settings, where the client has named it; else empty.
  explicit MysqlHandshake(wire::mysql::ClientLogin::Settings settings, std::string client_schema = {})
      : machine_(std::move(settings)), client_schema_(std::move(client_schema)) {}

  Event receive(std::string_view bytes) override { return handshake_event(machine_.receive(bytes)); }
  Event tls_started(const net::Stream&) override { return handshake_event(machine_.tls_started()); }
  [[nodiscard]] std::string take_output() override { return machine_.take_output(); }
  [[nodiscard]] SessionStart take_start() override {
    return MysqlStart{machine_.greeting(), machine_.ok_payload(), machine_.take_rest()};
  }
  [[nodiscard]] UpstreamFailure failure(const login::Login& login,
                                        const TrustedCertificates& trusted) const override;
  [[nodiscard]] std::optional<wire::mysql::Greeting> greeting() const override;
  [[nodiscard]] bool server_speaks_first() const override { return true; }

  [[nodiscard]] wire::mysql::ClientLogin& machine() { return machine_; }

 private:
  wire::mysql::ClientLogin machine_;
  std::string client_schema_;
};

}  // namespace rolegate::upstream

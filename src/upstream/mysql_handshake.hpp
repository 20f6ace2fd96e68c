#pragma once

#include "upstream/handshake_driver.hpp"
#include "wire/mysql/client_login.hpp"

namespace rolegate::upstream {

/// A login to MySQL or MariaDB as the driver sees it.
class MysqlHandshake final : public Handshake {
 public:
  /// `client_schema`: the schema of the settings, where the client has named it; else empty.
  explicit MysqlHandshake(wire::mysql::ClientLogin::Settings settings, std::string client_schema = {})
      : machine_(std::move(settings)), client_schema_(std::move(client_schema)) {}

  Event receive(std::string_view bytes) override { return handshake_event(machine_.receive(bytes)); }
  Event tls_started(const net::Stream&) override { return handshake_event(machine_.tls_started()); }
  [[nodiscard]] std::string take_output() override { return machine_.take_output(); }
  [[nodiscard]] UpstreamFailure failure(const login::Login& login,
                                        const TrustedCertificates& trusted) const override;
  [[nodiscard]] bool server_speaks_first() const override { return true; }

  [[nodiscard]] wire::mysql::ClientLogin& machine() { return machine_; }

 private:
  wire::mysql::ClientLogin machine_;
  std::string client_schema_;
};

}  // namespace rolegate::upstream

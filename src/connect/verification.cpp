#include "connect/verification.hpp"

namespace rolegate::connect {

base::Result<Verification> verification_for(const login::Login& login, const base::Environment& environment) {
  Verification verification;
  if (login.ssl_mode == config::SslMode::require) return verification;
  auto trusted = upstream::trusted_certificates(login, environment);
  if (!trusted) return std::unexpected(std::move(trusted.error()));
  verification.trusted = std::move(*trusted);
  auto file = MemoryFile::with(verification.trusted.pem);
  if (!file) return std::unexpected(std::move(file.error()));
  verification.file.emplace(std::move(*file));
  return verification;
}

}  // namespace rolegate::connect

#include "gateway/upstream_tls.hpp"

#include <chrono>

#include <openssl/ssl.h>

#include "base/database_endpoint.hpp"
#include "base/sha256.hpp"
#include "connect/connect.hpp"
#include "connect/verify_peer.hpp"

namespace rolegate::gateway {
namespace {

constexpr std::chrono::seconds kLookAgain{60};
/// Several records of 8 KB, PostgreSQL's size, with one system call. The buffer is given back between bursts.
constexpr std::size_t kReadAhead = std::size_t{64} << 10;

/// OpenSSL's own groups, but P-256 first, for which the key share is made then: PostgreSQL up to 17 takes no
/// other unless ssl_ecdh_curve says so, and asks for it with a HelloRetryRequest, one more round trip (RFC
/// 8446, 4.1.4). MySQL and MariaDB take X25519, which is less work and keeps 3.5 KB less for each session.
constexpr const char* kGroupsForPostgresql = "P-256:X25519:X448:P-384:P-521";

SslContextPtr make_context(config::SslMode mode, bool for_mysql, const std::string& pem) {
  SslContextPtr context(::SSL_CTX_new(::TLS_client_method()), SslContextFree{});
  if (!context) return nullptr;
  SSL_CTX* const raw = context.get();
  ::SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  ::SSL_CTX_set_mode(
      raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  ::SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  if (!for_mysql && ::SSL_CTX_set1_groups_list(raw, kGroupsForPostgresql) != 1) return nullptr;
  ::SSL_CTX_set_read_ahead(raw, 1);
  ::SSL_CTX_set_default_read_buffer_len(raw, kReadAhead);
  if (mode == config::SslMode::require) {
    ::SSL_CTX_set_verify(raw, SSL_VERIFY_NONE, nullptr);
    return context;
  }
  return connect::verify_with(raw, pem) ? context : nullptr;
}

}  // namespace

base::Result<std::shared_ptr<const UpstreamTlsContext>> UpstreamTls::context(const login::Login& login) {
  const bool for_mysql = login.engine == config::Engine::mysql;
  const auto endpoint = base::database_endpoint(login.host);
  const bool rds = connect::is_rds_endpoint(login.host);
  const Key key{login.ssl_mode, login.ssl_root_cert, rds, rds ? endpoint->region : std::string(), for_mysql};
  const std::uint64_t reading = reading_;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second.reading == reading &&
        clock_.steady() < found->second.read_at + kLookAgain) {
      return found->second.context;
    }
  }
  // Without the lock: a file system that stalls under one database's certificates is no other's concern.
  auto made = std::make_shared<UpstreamTlsContext>();
  if (login.ssl_mode != config::SslMode::require) {
    auto trusted = connect::trusted_certificates(login, environment_);
    if (!trusted) return std::unexpected(std::move(trusted.error()));
    made->trusted = std::move(*trusted);
  }
  const std::string digest = base::hex(base::sha256(made->trusted.pem));
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second.digest == digest) {
      found->second.read_at = clock_.steady();
      found->second.reading = reading;
      return found->second.context;
    }
  }
  made->ssl = make_context(login.ssl_mode, for_mysql, made->trusted.pem);
  if (!made->ssl) {
    return base::fail(connect::Errc::ca_missing,
                      "There is no usable certificate in " + made->trusted.origin + ".",
                      "It must hold PEM text: -----BEGIN CERTIFICATE-----.");
  }
  // What is missing is told from the text, which is not kept.
  made->trusted.missing = connect::what_is_missing(made->trusted, login.host);
  made->trusted.rds_bundle.clear();
  made->trusted.pem.clear();
  const std::lock_guard lock(mutex_);
  entries_.insert_or_assign(key, Entry{clock_.steady(), reading, digest, made});
  return made;
}

}  // namespace rolegate::gateway

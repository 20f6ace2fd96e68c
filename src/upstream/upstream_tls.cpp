#include "upstream/upstream_tls.hpp"

#include <chrono>
#include <utility>

#include <openssl/ssl.h>

#include "base/database_endpoint.hpp"
#include "base/sha256.hpp"
#include "net/tls_context.hpp"
#include "net/verify_peer.hpp"
#include "upstream/errc.hpp"

namespace rolegate::upstream {
namespace {

constexpr std::chrono::seconds kLookAgain{60};
/// OpenSSL's own groups, but P-256 first, for which the key share is made then: PostgreSQL up to 17 takes no
/// other unless ssl_ecdh_curve says so, and asks for it with a HelloRetryRequest, one more round trip (RFC
/// 8446, 4.1.4). MySQL and MariaDB take X25519, which is less work and keeps 3.5 KB less for each session.
constexpr const char* kGroupsForPostgresql = "P-256:X25519:X448:P-384:P-521";

net::SslContextPtr make_context(config::SslMode mode, bool for_mysql, const std::string& pem) {
  net::SslContextPtr context = net::make_client_context();
  if (!context) return nullptr;
  SSL_CTX* const raw = context.get();
  if (!for_mysql && ::SSL_CTX_set1_groups_list(raw, kGroupsForPostgresql) != 1) return nullptr;
  if (mode == config::SslMode::require) return context;
  return net::verify_with(raw, pem) ? context : nullptr;
}

}  // namespace

base::Result<std::shared_ptr<const UpstreamTlsContext>> UpstreamTls::context(const login::Login& login) {
  const bool for_mysql = login.engine == config::Engine::mysql;
  const auto endpoint = base::database_endpoint(login.host);
  const bool rds = is_rds_endpoint(login.host);
  const bool proxy = rds && endpoint->kind == base::DatabaseEndpoint::Kind::proxy;
  const Key key{login.ssl_mode, login.ssl_root_cert, rds, rds ? endpoint->region : std::string(), proxy,
                for_mysql};
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
    auto trusted = trusted_certificates(login, environment_);
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
    return base::fail(Errc::ca_missing, "There is no usable certificate in " + made->trusted.origin + ".",
                      "It must hold PEM text: -----BEGIN CERTIFICATE-----.");
  }
  // What is missing is told from the text, which is not kept.
  made->trusted.missing = what_is_missing(made->trusted, login.host);
  made->trusted.rds_bundle.clear();
  made->trusted.pem.clear();
  std::vector<Entry> unused;
  const std::lock_guard lock(mutex_);
  unused = take_unused();
  entries_.insert_or_assign(key, Entry{clock_.steady(), reading, digest, made});
  return made;
}

/// Databases that have come and gone may each have had a file of their own.
std::vector<UpstreamTls::Entry> UpstreamTls::take_unused() {
  std::vector<Entry> unused;
  const base::SteadyTime now = clock_.steady();
  std::erase_if(entries_, [&](const auto& each) {
    const Entry& entry = each.second;
    const bool is_used = entry.context.use_count() > 1 || entry.context->ssl.use_count() > 1;
    if (is_used || now < entry.read_at + kLookAgain) return false;
    unused.push_back(entry);
    return true;
  });
  return unused;
}

std::size_t UpstreamTls::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace rolegate::upstream

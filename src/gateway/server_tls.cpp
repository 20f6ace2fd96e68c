#include "gateway/server_tls.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace rolegate::gateway {
namespace {

std::unexpected<base::Error> unusable(std::string_view field, const std::string& file, std::string hint) {
  const unsigned long error = ::ERR_peek_last_error();
  const char* reason = ::ERR_reason_error_string(error);
  auto failed = base::fail(TlsErrc::gateway_tls_invalid,
                           fmt::format("The gateway's {} {} cannot be used: {}.", field, file,
                                       reason != nullptr ? reason : "it cannot be read"),
                           std::move(hint));
  ::ERR_clear_error();
  return failed;
}

/// As ssl_crl_file of PostgreSQL has it: every CA of a client certificate's chain needs a list in the file,
/// and one whose time is up (nextUpdate) lets nobody in who shows a certificate.
bool check_revocation(SSL_CTX* context, const std::string& file) {
  X509_STORE* const store = ::SSL_CTX_get_cert_store(context);
  X509_LOOKUP* const lookup = ::X509_STORE_add_lookup(store, ::X509_LOOKUP_file());
  return lookup != nullptr && ::X509_load_crl_file(lookup, file.c_str(), X509_FILETYPE_PEM) > 0 &&
         ::X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL) == 1;
}

int choose_postgresql(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                      unsigned int offered_size, void*) {
  static constexpr unsigned char kOwn[] = "\x0apostgresql";
  const int result = ::SSL_select_next_proto(const_cast<unsigned char**>(chosen), size, kOwn, sizeof kOwn - 1,
                                             offered, offered_size);
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

std::string_view code_name(TlsErrc code) {
  switch (code) {
    case TlsErrc::gateway_tls_invalid:
      return "gateway_tls_invalid";
  }
  return {};
}

base::Result<SslContextPtr> make_server_context(const config::GatewayTls& tls, Wire wire) {
  ::ERR_clear_error();
  SslContextPtr context(::SSL_CTX_new(::TLS_server_method()), SslContextFree{});
  if (!context) return unusable("tls", "context", {});
  SSL_CTX* const raw = context.get();
  ::SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  ::SSL_CTX_set_mode(
      raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // A client that just goes away has ended its session; no TLS record has to say so.
  ::SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  ::SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_read_ahead(raw, 1);
  if (wire == Wire::postgresql) ::SSL_CTX_set_alpn_select_cb(raw, choose_postgresql, nullptr);
  if (::SSL_CTX_use_certificate_chain_file(raw, tls.cert.c_str()) != 1) {
    return unusable("tls.cert", tls.cert,
                    "It must be a readable file of PEM certificates, the server's own first.");
  }
  if (::SSL_CTX_use_PrivateKey_file(raw, tls.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return unusable("tls.key", tls.key,
                    "It must be the unencrypted PEM key of tls.cert, readable by this user.");
  }
  if (!tls.client_ca.empty()) {
    if (::SSL_CTX_load_verify_locations(raw, tls.client_ca.c_str(), nullptr) != 1) {
      return unusable("tls.client_ca", tls.client_ca, "It must be a readable file of PEM certificates.");
    }
    ::SSL_CTX_set_client_CA_list(raw, ::SSL_load_client_CA_file(tls.client_ca.c_str()));
    ::SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, nullptr);
    if (!tls.client_crl.empty() && !check_revocation(raw, tls.client_crl)) {
      return unusable("tls.client_crl", tls.client_crl,
                      "It must be a readable file of PEM certificate revocation lists (X509 CRL).");
    }
  }
  return context;
}

bool asks_for_certificate(const SslContextPtr& context) {
  return (::SSL_CTX_get_verify_mode(context.get()) & SSL_VERIFY_PEER) != 0;
}

}  // namespace rolegate::gateway

#include "net/verify_peer.hpp"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/certificates.hpp"

namespace rolegate::net {
namespace {

bool is_address(const std::string& name) {
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, name.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, name.c_str(), bytes) == 1;
}

}  // namespace

bool verify_with(SSL_CTX* context, const std::string& pem) {
  ::SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // A root that is trusted by name need not be self-signed, as libpq and Connector/C have it too.
  ::X509_VERIFY_PARAM_set_flags(::SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  bool any = false;
  for (const PemCertificates::Certificate& one : read_pem_certificates(pem).certificates) {
    // OpenSSL looks at a CA's extensions when it first meets it, and keeps what it found: here, and not in
    // handshakes of several threads at once.
    ::X509_check_purpose(one.x509.get(), -1, 0);
    any = ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context), one.x509.get()) == 1 || any;
  }
  return any;
}

bool expect_server(SSL* ssl, const std::string& name, bool check) {
  if (is_address(name)) {
    return !check || ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl), name.c_str()) == 1;
  }
  ::SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return ::SSL_set_tlsext_host_name(ssl, name.c_str()) == 1 &&
         (!check || ::SSL_set1_host(ssl, name.c_str()) == 1);
}

}  // namespace rolegate::net

#include "net/tls_context.hpp"

#include <openssl/ssl.h>

namespace rolegate::net {
namespace {

/// Several records of 8 KB, PostgreSQL's size, with one system call. The buffer is given back between bursts:
/// from 64 KB on, glibc's free() would tidy up the heap each time.
constexpr std::size_t kReadAhead = std::size_t{56} << 10;

/// A peer that just goes away has ended its session; no TLS record has to say so.
constexpr std::uint64_t kOptions =
    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF;

SslContextPtr make_context(const SSL_METHOD* method, std::uint64_t options) {
  SslContextPtr context(::SSL_CTX_new(method), SslContextFree{});
  if (!context) return nullptr;
  SSL_CTX* const raw = context.get();
  ::SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  ::SSL_CTX_set_mode(
      raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_options(raw, options);
  ::SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_read_ahead(raw, 1);
  return context;
}

}  // namespace

SslContextPtr make_client_context() {
  SslContextPtr context = make_context(::TLS_client_method(), kOptions);
  if (!context) return nullptr;
  // The system's openssl.cnf may say otherwise.
  ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  ::SSL_CTX_set_default_read_buffer_len(context.get(), kReadAhead);
  return context;
}

SslContextPtr make_server_context() {
  return make_context(::TLS_server_method(), kOptions | SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
}

}  // namespace rolegate::net

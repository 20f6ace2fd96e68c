#pragma once

#include <stdexcept>
#include <utility>

#include <openssl/ssl.h>
#include <sys/socket.h>

#include "base/environment.hpp"
#include "gateway/stream.hpp"
#include "gateway/upstream_tls.hpp"
#include "unit/connect/test_certificates.hpp"

namespace rolegate::gateway {

/// As the gateway speaks TLS to a database, but for the certificate, which is not looked at.
inline SslContextPtr upstream_context() {
  const base::FixedEnvironment environment;
  const base::SystemClock clock;
  login::Login login;
  login.engine = config::Engine::postgresql;
  login.ssl_mode = config::SslMode::require;
  return UpstreamTls(environment, clock).context(login).value()->ssl;
}

/// Two ends of a connection inside TLS, in one thread.
struct TlsPair {
  explicit TlsPair(const SslContextPtr& client_context) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
      throw std::runtime_error("socketpair");
    }
    client = Stream(Descriptor(ends[0]));
    server = Stream(Descriptor(ends[1]));
    const connect::Identity identity = connect::make_identity("db.example.com");
    const SslContextPtr context(::SSL_CTX_new(::TLS_server_method()), SslContextFree{});
    ::SSL_CTX_use_certificate(context.get(), identity.certificate.get());
    ::SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
    ::SSL_CTX_set_num_tickets(context.get(), 0);
    if (!client.start_tls_client(client_context, "db.example.com", false) ||
        !server.start_tls_server(context)) {
      throw std::runtime_error("TLS");
    }
    bool client_done = false;
    bool server_done = false;
    for (int turn = 0; turn < 10 && !(client_done && server_done); ++turn) {
      client_done = client_done || client.handshake() == Stream::Io::done;
      server_done = server_done || server.handshake() == Stream::Io::done;
    }
    if (!client_done || !server_done) throw std::runtime_error(client.why() + server.why());
  }

  Stream client;
  Stream server;
};

}  // namespace rolegate::gateway

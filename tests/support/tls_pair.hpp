#pragma once

#include <stdexcept>
#include <utility>

#include <openssl/ssl.h>
#include <sys/socket.h>

#include "net/stream.hpp"
#include "net/tls_context.hpp"
#include "support/certificates.hpp"

namespace rolegate::test {

/// Two ends of a connection inside TLS, in one thread.
struct TlsPair {
  explicit TlsPair(const net::SslContextPtr& client_context) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
      throw std::runtime_error("socketpair");
    }
    client = net::Stream(base::Descriptor(ends[0]));
    server = net::Stream(base::Descriptor(ends[1]));
    const Identity identity = make_identity("db.example.com");
    const net::SslContextPtr context(::SSL_CTX_new(::TLS_server_method()), net::SslContextFree{});
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
      client_done = client_done || client.handshake() == net::Stream::Io::done;
      server_done = server_done || server.handshake() == net::Stream::Io::done;
    }
    if (!client_done || !server_done) throw std::runtime_error(client.why() + server.why());
  }

  net::Stream client;
  net::Stream server;
};

}  // namespace rolegate::test

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/certificates.hpp"

namespace rolegate::connect {

/// The client has gone, or TLS with it did not come about: the end of a script.
struct PeerGone : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The server's end of one connection. Whatever the client sends is kept, apart for what came in the clear
/// and what came inside TLS.
class Peer {
 public:
  Peer(int socket, std::string& in_clear, std::string& in_tls)
      : socket_(socket), in_clear_(in_clear), in_tls_(in_tls) {
    const timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer() {
    if (ssl_ != nullptr) ::SSL_free(ssl_);
    ::close(socket_);
  }

  void send(std::string_view bytes) {
    const auto size = static_cast<int>(bytes.size());
    const long sent = ssl_ != nullptr ? ::SSL_write(ssl_, bytes.data(), size)
                                      : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent != size) throw PeerGone("send");
  }
  std::string receive(std::size_t size) {
    std::string bytes;
    while (bytes.size() < size) {
      const std::string more = receive_some(size - bytes.size());
      if (more.empty()) throw PeerGone("receive");
      bytes += more;
    }
    return bytes;
  }
  /// Until the client closes: nothing may be missed that it should not have sent.
  void receive_rest() {
    while (!receive_some(4096).empty()) {
    }
  }
  void start_tls(const test::Identity& identity) {
    const std::unique_ptr<SSL_CTX, decltype(&::SSL_CTX_free)> context(::SSL_CTX_new(::TLS_server_method()),
                                                                      ::SSL_CTX_free);
    ::SSL_CTX_set_security_level(context.get(), 0);  // it may show what a client should refuse
    ::SSL_CTX_use_certificate(context.get(), identity.certificate.get());
    ::SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
    ssl_ = ::SSL_new(context.get());
    ::SSL_set_fd(ssl_, socket_);
    if (::SSL_accept(ssl_) != 1) throw PeerGone("TLS");
  }

 private:
  std::string receive_some(std::size_t most) {
    std::string bytes(most, '\0');
    const long got = ssl_ != nullptr ? ::SSL_read(ssl_, bytes.data(), static_cast<int>(most))
                                     : ::recv(socket_, bytes.data(), most, 0);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    (ssl_ != nullptr ? in_tls_ : in_clear_) += bytes;
    return bytes;
  }

  int socket_;
  SSL* ssl_ = nullptr;
  std::string& in_clear_;
  std::string& in_tls_;
};

/// A server on a free port of loopback that follows a script with each connection, one after the other.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::function<void(Peer&)> script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no port");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() { finish(); }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }

  /// Ends it, after the script of the connection that is under way. The records are complete then.
  void finish() {
    if (!thread_.joinable()) return;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  [[nodiscard]] const std::string& in_clear() {
    finish();
    return in_clear_;
  }
  [[nodiscard]] const std::string& in_tls() {
    finish();
    return in_tls_;
  }

 private:
  void serve() {
    // SSL_write goes through write(), which has no MSG_NOSIGNAL.
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      ++connections_;
      Peer peer(socket, in_clear_, in_tls_);
      try {
        script_(peer);
        peer.receive_rest();
      } catch (const PeerGone&) {
      }
    }
  }

  std::function<void(Peer&)> script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::string in_clear_;
  std::string in_tls_;
  std::thread thread_;
};

}  // namespace rolegate::connect

#include "connect/examine_certificate.hpp"

#include <array>
#include <cerrno>
#include <memory>
#include <span>
#include <string_view>

#include <netdb.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connect/poll_until.hpp"
#include "net/verify_peer.hpp"

namespace rolegate::connect {
namespace {

using std::string_view_literals::operator""sv;

/// https://www.postgresql.org/docs/15/protocol-message-formats.html
constexpr std::string_view kPgSslRequest = "\0\0\0\x08\x04\xD2\x16\x2F"sv;
/// Protocol::SSLRequest with CLIENT_PROTOCOL_41, CLIENT_SSL and CLIENT_SECURE_CONNECTION.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_ssl_request.html
constexpr std::string_view kMysqlSslRequest =
    "\x20\0\0\x01\0\x8A\0\0\0\0\0\x01\x2D\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv;
/// MySQL's greeting is a hundred bytes or so.
constexpr std::size_t kLargestGreeting = 4096;

/// A connection that ends with the object, and whose every wait ends at the deadline.
class Connection {
 public:
  Connection(const std::string& address, std::uint16_t port, base::Deadline deadline) : deadline_(deadline) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return;
    socket_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    connected_ = ::connect(socket_, found->ai_addr, found->ai_addrlen) == 0 || errno == EINPROGRESS;
    ::freeaddrinfo(found);
  }
  ~Connection() {
    if (socket_ >= 0) ::close(socket_);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool send(std::string_view bytes) {
    while (connected_ && !bytes.empty()) {
      if (poll_until(deadline_, {socket_, POLLOUT, 0}) != 1) return false;
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return false;
      bytes.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
    }
    return connected_;
  }
  /// Some of what has come; empty at the end.
  std::string_view receive(std::span<char> room) {
    if (!connected_ || poll_until(deadline_, {socket_, POLLIN, 0}) != 1) return {};
    const ssize_t got = ::recv(socket_, room.data(), room.size(), 0);
    return {room.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
  }
  bool receive_all(std::span<char> room) {
    while (!room.empty()) {
      const std::string_view got = receive(room);
      if (got.empty()) return false;
      room = room.subspan(got.size());
    }
    return true;
  }

 private:
  const base::Deadline deadline_;
  int socket_ = -1;
  bool connected_ = false;
};

/// Up to the point at which the server waits for a ClientHello.
bool ask_for_tls(Connection& connection, config::Engine engine) {
  if (engine != config::Engine::mysql) {
    char answer = 0;
    return connection.send(kPgSslRequest) && connection.receive_all({&answer, 1}) && answer == 'S';
  }
  std::array<char, 4> header{};
  std::array<char, kLargestGreeting> greeting{};
  if (!connection.receive_all(header)) return false;
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(header[i]));
  };
  const std::size_t size = byte(0) | byte(1) << 8U | byte(2) << 16U;
  return size <= greeting.size() && connection.receive_all(std::span(greeting).first(size)) &&
         connection.send(kMysqlSslRequest);
}

struct SslFree {
  void operator()(SSL* ssl) const noexcept { ::SSL_free(ssl); }
  void operator()(SSL_CTX* context) const noexcept { ::SSL_CTX_free(context); }
};

/// Carries the handshake's bytes until it has come to an end, either way. OpenSSL would write to the socket
/// without MSG_NOSIGNAL, and a host program may not expect SIGPIPE.
void shake_hands(Connection& connection, SSL* ssl) {
  BIO* const incoming = ::SSL_get_rbio(ssl);
  BIO* const outgoing = ::SSL_get_wbio(ssl);
  std::array<char, 16384> buffer{};
  for (;;) {
    ::ERR_clear_error();
    const int result = ::SSL_connect(ssl);
    const int wants = ::SSL_get_error(ssl, result);
    for (int size = 0; (size = ::BIO_read(outgoing, buffer.data(), static_cast<int>(buffer.size()))) > 0;) {
      if (!connection.send({buffer.data(), static_cast<std::size_t>(size)})) return;
    }
    if (result == 1 || wants != SSL_ERROR_WANT_READ) return;
    const std::string_view came = connection.receive(buffer);
    if (came.empty()) return;
    ::BIO_write(incoming, came.data(), static_cast<int>(came.size()));
  }
}

}  // namespace

std::optional<net::CertificateCheck> examine_certificate(const login::Login& login,
                                                         const std::string& address,
                                                         const upstream::TrustedCertificates& trusted,
                                                         base::Deadline deadline) {
  const std::unique_ptr<SSL_CTX, SslFree> context(::SSL_CTX_new(::TLS_client_method()));
  if (!context || !net::verify_with(context.get(), trusted.pem)) return std::nullopt;
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  const std::unique_ptr<SSL, SslFree> ssl(::SSL_new(context.get()));
  if (!ssl || !net::expect_server(ssl.get(), login.host, login.ssl_mode == config::SslMode::verify_full)) {
    return std::nullopt;
  }
  ::SSL_set_bio(ssl.get(), ::BIO_new(::BIO_s_mem()), ::BIO_new(::BIO_s_mem()));
  const auto check = net::observe_certificates(ssl.get());
  Connection connection(address, login.dial.port, deadline);
  if (ask_for_tls(connection, login.engine)) shake_hands(connection, ssl.get());
  ::ERR_clear_error();
  return check->verdict == 0 ? std::nullopt : std::optional(*check);
}

}  // namespace rolegate::connect

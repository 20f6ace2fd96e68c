#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <openssl/types.h>

#include "net/certificate_check.hpp"
#include "net/listening.hpp"

namespace rolegate::net {

struct SslFree {
  void operator()(SSL* ssl) const noexcept;
};
struct SslContextFree {
  void operator()(SSL_CTX* context) const noexcept;
};
using SslContextPtr = std::shared_ptr<SSL_CTX>;

/// A connected socket that never blocks, in the clear or inside TLS. OpenSSL reads and writes the socket
/// itself: no byte is copied on the way. For one thread at a time.
class Stream {
 public:
  enum class Io {
    done,         ///< something was read or written; the handshake is over
    wants_read,   ///< again, when the socket can be read …
    wants_write,  ///< … or written
    closed,       ///< the peer has closed its side
    failed,       ///< the connection is gone, or TLS broke: why()
  };
  struct Moved {
    Io io = Io::done;
    std::size_t bytes = 0;
  };

  Stream() = default;
  explicit Stream(base::Descriptor socket) : socket_(std::move(socket)) {}

  /// What to wait for after `io`, as epoll_ctl(2) has it: EPOLLIN, EPOLLOUT; 0: waiting would not help.
  [[nodiscard]] static std::uint32_t events_for(Io io);

  [[nodiscard]] int descriptor() const { return socket_.get(); }
  [[nodiscard]] bool is_open() const { return static_cast<bool>(socket_); }
  [[nodiscard]] bool in_tls() const { return static_cast<bool>(ssl_); }

  /// The byte that comes next, left where it is; in the clear only. Nothing: none has come.
  [[nodiscard]] std::optional<char> peek() const;
  /// At most `room`; fills as much of it as there is without another wait.
  Moved read(std::span<char> room);
  Moved write(std::string_view bytes);
  /// Whether bytes are held inside that no wait on the socket would tell of.
  [[nodiscard]] bool holds_bytes() const { return holds_bytes_; }

  /// Begins TLS. `name` (client only): checked against the certificate when the context verifies and
  /// `check_name` says so, and sent as SNI unless it is an address.
  [[nodiscard]] bool start_tls_client(const SslContextPtr& context, const std::string& name, bool check_name);
  [[nodiscard]] bool start_tls_server(const SslContextPtr& context);
  Io handshake();

  /// After failed: what the system or OpenSSL said; never the peer's own text.
  [[nodiscard]] const std::string& why() const { return why_; }
  /// After failed: it was the connection that went, and not TLS that broke.
  [[nodiscard]] bool is_lost() const { return lost_; }
  /// After failed: what is wrong with the certificate that the peer showed; null when that was not the
  /// reason.
  [[nodiscard]] const CertificateCheck* refused_certificate() const;
  /// "TLSv1.3 TLS_AES_256_GCM_SHA384"; empty without TLS.
  [[nodiscard]] std::string tls_text() const;
  /// What client and server agreed on in TLS (ALPN); empty: nothing.
  [[nodiscard]] std::string_view application_protocol() const;
  /// RFC 5929's tls-server-end-point: the hash of the server's certificate (the own one, or the peer's).
  [[nodiscard]] std::string server_end_point() const;
  /// The common name of the peer's certificate, verified during the handshake; empty when it showed none.
  [[nodiscard]] std::string peer_common_name() const;

  /// Says that nothing more will be written: close_notify and FIN, as far as they go without waiting.
  void close_writing();
  /// As a peer that died: FIN and nothing before it. A database that looks, in the middle of its work,
  /// whether its client is still there would take close_notify for something that the client says.
  void cut_writing();
  void close() noexcept;

 private:
  [[nodiscard]] bool make_ssl(SSL_CTX* context);
  Moved read_tls(std::span<char> room);
  Io failed_tls(int result);
  Io failed_system(int error);

  base::Descriptor socket_;
  std::unique_ptr<SSL, SslFree> ssl_;
  std::shared_ptr<const CertificateCheck> certificate_;  ///< until the handshake is done
  std::string why_;
  bool lost_ = false;
  bool holds_bytes_ = false;  ///< TLS, of what it has read from the socket
  std::optional<Io> end_;     ///< closed or failed: what TLS met behind data, and nothing comes after
};

}  // namespace rolegate::net

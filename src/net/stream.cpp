#include "net/stream.hpp"

#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fork_pause.hpp"
#include "net/verify_peer.hpp"

namespace rolegate::net {
namespace {

constexpr std::size_t kLargestRecord = 16384;  // RFC 8446, 5.1
/// What one read takes, however small the records are.
constexpr int kRecordsAtOnce = 128;
/// Records with anything but the application's data in a row: a handshake has about ten, a key update one.
/// OpenSSL reads on behind each of them, so that a peer who sent nothing else would never let go of it.
constexpr std::uintptr_t kMostWithoutData = 64;

int new_index() { return ::SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr); }
/// The place in an SSL that says whether it was left for sending no data.
int without_data_index() { return base::made_once<new_index>(); }

bool was_left(const SSL* ssl) { return ::SSL_get_ex_data(ssl, without_data_index()) != nullptr; }

/// SSL_set_msg_callback(3): told of each record's header and, in TLS 1.3, of the type inside. Its argument is
/// not a pointer, but how many without data have come since there was some (see read_tls: a record of the
/// data's type may be empty).
void count_record(int written, int, int type, const void* bytes, std::size_t size, SSL* ssl, void* counted) {
  if (written != 0 || size == 0 || (type != SSL3_RT_HEADER && type != SSL3_RT_INNER_CONTENT_TYPE)) return;
  // All that is encrypted in TLS 1.3 has that type outside.
  if (*static_cast<const unsigned char*>(bytes) == SSL3_RT_APPLICATION_DATA) return;
  const auto before = reinterpret_cast<std::uintptr_t>(counted);
  ::SSL_set_msg_callback_arg(
      ssl, reinterpret_cast<void*>(before + 1));  // NOLINT(performance-no-int-to-ptr): never followed
  if (before < kMostWithoutData) return;
  ::SSL_set_ex_data(ssl, without_data_index(), ssl);
  // The one way to have OpenSSL stop: it takes the connection for one that the peer has ended.
  ::SSL_set_shutdown(ssl, ::SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN);
}

std::string openssl_reason() {
  const unsigned long error = ::ERR_get_error();
  const char* reason = ::ERR_reason_error_string(error);
  ::ERR_clear_error();
  return reason != nullptr ? reason : "the connection was closed";
}

struct FreeX509 {
  void operator()(X509* certificate) const noexcept { ::X509_free(certificate); }
};

}  // namespace

void SslFree::operator()(SSL* ssl) const noexcept { ::SSL_free(ssl); }
void SslContextFree::operator()(SSL_CTX* context) const noexcept { ::SSL_CTX_free(context); }

std::uint32_t Stream::events_for(Io io) {
  if (io == Io::wants_read) return EPOLLIN;
  return io == Io::wants_write ? EPOLLOUT : 0U;
}

Stream::Io Stream::failed_system(int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return Io::wants_read;
  why_ = std::generic_category().message(error);
  lost_ = true;
  return Io::failed;
}

Stream::Io Stream::failed_tls(int result) {
  const int system_error = errno;
  if (was_left(ssl_.get())) {
    why_ = "the peer sends TLS messages without end, and no data";
    ::ERR_clear_error();
    return Io::failed;
  }
  switch (::SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Io::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return Io::wants_write;
    case SSL_ERROR_ZERO_RETURN:
      return Io::closed;
    case SSL_ERROR_SYSCALL:
      lost_ = true;
      why_ = system_error != 0 ? std::generic_category().message(system_error) : openssl_reason();
      break;
    default:
      why_ = openssl_reason();
  }
  ::ERR_clear_error();
  return Io::failed;
}

std::optional<char> Stream::peek() const {
  char next = 0;
  return ::recv(socket_.get(), &next, 1, MSG_PEEK) == 1 ? std::optional(next) : std::nullopt;
}

Stream::Moved Stream::read(std::span<char> room) {
  if (ssl_) return read_tls(room);
  for (;;) {
    const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), 0);
    if (got > 0) return {Io::done, static_cast<std::size_t>(got)};
    if (got == 0) return {Io::closed, 0};
    if (errno != EINTR) return {failed_system(errno), 0};
  }
}

/// Record after record, as long as OpenSSL has something left of what it read from the socket; only then
/// would another call cost a system call that, most of the time, finds nothing.
Stream::Moved Stream::read_tls(std::span<char> room) {
  if (end_) return {*end_, 0};
  std::size_t filled = 0;
  int records = 0;
  do {
    std::size_t got = 0;
    errno = 0;
    const int result = ::SSL_read_ex(ssl_.get(), room.data() + filled, room.size() - filled, &got);
    if (result != 1) {
      const Io io = failed_tls(result);
      if (filled == 0) return {io, 0};
      // What was read is delivered first. OpenSSL tells of a failure once, and of something else afterwards.
      if (io == Io::closed || io == Io::failed) end_ = io;
      holds_bytes_ = io != Io::wants_read;
      return {Io::done, filled};
    }
    filled += got;
    if (records == 0 && ::SSL_is_server(ssl_.get()) == 1) ::SSL_set_msg_callback_arg(ssl_.get(), nullptr);
    holds_bytes_ = ::SSL_has_pending(ssl_.get()) == 1;
  } while (holds_bytes_ && ++records < kRecordsAtOnce && room.size() - filled >= kLargestRecord);
  return {Io::done, filled};
}

Stream::Moved Stream::write(std::string_view bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    if (ssl_) {
      std::size_t put = 0;
      errno = 0;
      const int result = ::SSL_write_ex(ssl_.get(), bytes.data() + written, bytes.size() - written, &put);
      if (result != 1) return {failed_tls(result), written};
      written += put;
      continue;
    }
    const ssize_t put = ::send(socket_.get(), bytes.data() + written, bytes.size() - written, MSG_NOSIGNAL);
    if (put >= 0) {
      written += static_cast<std::size_t>(put);
      if (written < bytes.size()) return {Io::wants_write, written};
    } else if (errno != EINTR) {
      const Io io = failed_system(errno);
      return {io == Io::wants_read ? Io::wants_write : io, written};
    }
  }
  return {Io::done, written};
}

bool Stream::make_ssl(SSL_CTX* context) {
  ssl_.reset(::SSL_new(context));
  if (!ssl_ || ::SSL_set_fd(ssl_.get(), socket_.get()) != 1) return false;
  ::SSL_set_msg_callback(ssl_.get(), count_record);
  if (::SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE) {
    certificate_ = observe_certificates(ssl_.get());
  }
  return true;
}

bool Stream::start_tls_client(const SslContextPtr& context, const std::string& name, bool check_name) {
  if (!make_ssl(context.get())) return false;
  if (!expect_server(ssl_.get(), name, check_name)) return false;
  ::SSL_set_connect_state(ssl_.get());
  return true;
}

bool Stream::start_tls_server(const SslContextPtr& context) {
  if (!make_ssl(context.get())) return false;
  ::SSL_set_accept_state(ssl_.get());
  return true;
}

Stream::Io Stream::handshake() {
  errno = 0;
  ::ERR_clear_error();  // what another connection of this thread left there would end this one
  const int result = ::SSL_do_handshake(ssl_.get());
  if (result != 1) return failed_tls(result);
  certificate_.reset();
  holds_bytes_ = ::SSL_has_pending(ssl_.get()) == 1;
  // A database has proved by now who it is, as far as the configuration asks for that.
  if (::SSL_is_server(ssl_.get()) == 0) ::SSL_set_msg_callback(ssl_.get(), nullptr);
  return Io::done;
}

const CertificateCheck* Stream::refused_certificate() const {
  return certificate_ && certificate_->verdict != X509_V_OK ? certificate_.get() : nullptr;
}

std::string Stream::tls_text() const {
  if (!ssl_) return {};
  return std::string(::SSL_get_version(ssl_.get())) + " " + ::SSL_get_cipher_name(ssl_.get());
}

std::string_view Stream::application_protocol() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  if (ssl_) ::SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::string Stream::server_end_point() const {
  const std::unique_ptr<X509, FreeX509> peer(
      ::SSL_is_server(ssl_.get()) == 1 ? nullptr : ::SSL_get1_peer_certificate(ssl_.get()));
  X509* certificate = peer ? peer.get() : ::SSL_get_certificate(ssl_.get());
  if (certificate == nullptr) return {};
  int digest = NID_undef;
  if (::X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) != 1) return {};
  // RFC 5929, 4.1: the digest of the certificate's signature, but SHA-256 in place of MD5 and SHA-1.
  if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
  const EVP_MD* algorithm = ::EVP_get_digestbynid(digest);
  if (algorithm == nullptr) return {};
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (::X509_digest(certificate, algorithm, hash, &size) != 1) return {};
  return {reinterpret_cast<const char*>(hash), size};
}

std::string Stream::peer_common_name() const {
  if (!ssl_) return {};
  const std::unique_ptr<X509, FreeX509> peer(::SSL_get1_peer_certificate(ssl_.get()));
  if (!peer || ::SSL_get_verify_result(ssl_.get()) != X509_V_OK) return {};
  const X509_NAME* subject = ::X509_get_subject_name(peer.get());
  const int at = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  // With two common names it is not clear who this is.
  if (at < 0 || ::X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) return {};
  unsigned char* text = nullptr;
  const int size =
      ::ASN1_STRING_to_UTF8(&text, ::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, at)));
  if (size < 0) return {};
  std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  ::OPENSSL_free(text);
  // A NUL inside would end the name early for whoever compares C strings (CVE-2009-4034).
  return name.find('\0') == std::string::npos ? name : std::string();
}

void Stream::close_writing() {
  if (!socket_) return;
  if (ssl_ && ::SSL_is_init_finished(ssl_.get()) == 1) {
    ::SSL_shutdown(ssl_.get());
    ::ERR_clear_error();
  }
  cut_writing();
}

void Stream::cut_writing() { ::shutdown(socket_.get(), SHUT_WR); }

void Stream::close() noexcept {
  ssl_.reset();
  holds_bytes_ = false;
  socket_.close();
}

}  // namespace rolegate::net

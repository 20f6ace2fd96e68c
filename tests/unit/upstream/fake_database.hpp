#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "net/event_loop.hpp"
#include "net/stream.hpp"
#include "net/watch.hpp"
#include "support/certificates.hpp"
#include "support/silent_address.hpp"

namespace rolegate::upstream {

/// A PostgreSQL server on a port of loopback and on the test's own loop. It goes as far in a login as it is
/// told.
class FakeDatabase final : private net::Watcher {
 public:
  enum class Stop {
    before_tls,  ///< nothing is heard of it
    in_tls,      ///< it agrees to TLS and does not begin
    in_login,    ///< in TLS, it does not ask for the password
    never,
  };

  explicit FakeDatabase(net::EventLoop& loop) : loop_(loop) {
    watch_ = std::make_unique<net::Watch>(loop_, listener_.get(), static_cast<net::Watcher&>(*this));
    watch_->want(EPOLLIN);
  }

  [[nodiscard]] std::uint16_t port() const { return test::port_of(listener_); }
  void hang_up() { clients_.clear(); }

  Stop stop = Stop::never;
  bool refuses = false;  ///< the password

  int connections = 0;
  bool has_stopped = false;  ///< as it was told, with the latest connection

  // Of the latest connection.
  /// In the clear and inside TLS.
  [[nodiscard]] const std::string& heard() const { return clients_.back()->heard_; }
  [[nodiscard]] bool client_gone() const { return clients_.back()->gone_; }

 private:
  class Connection final : private net::Watcher {
   public:
    Connection(FakeDatabase& database, base::Descriptor socket)
        : database_(database),
          stream_(std::move(socket)),
          watch_(database.loop_, stream_.descriptor(), *this) {
      watch_.want(EPOLLIN);
    }

   private:
    void ready(std::uint32_t) override {
      if (stream_.in_tls() && !tls_done_) {
        const auto io = stream_.handshake();
        if (io == net::Stream::Io::wants_read) return;
        if (io != net::Stream::Io::done) return gone();
        tls_done_ = true;
      }
      do {
        const auto [io, bytes] = stream_.read(room_);
        if (io == net::Stream::Io::wants_read) return;
        if (io != net::Stream::Io::done) return gone();
        heard_.append(room_.data(), bytes);
        database_.answer(*this);
      } while (stream_.holds_bytes());
    }
    void gone() {
      gone_ = true;
      watch_.want(0);
    }

    friend FakeDatabase;
    FakeDatabase& database_;
    net::Stream stream_;
    net::Watch watch_;
    bool tls_done_ = false;
    bool gone_ = false;
    std::string heard_;
    std::array<char, 16384> room_{};
  };

  void ready(std::uint32_t) override {
    base::Descriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) return;
    ++connections;
    has_stopped = false;
    clients_.push_back(std::make_unique<Connection>(*this, std::move(socket)));
  }

  void answer(Connection& connection) {
    using namespace std::string_literals;
    const std::string& heard = connection.heard_;
    const auto say = [&](const std::string& bytes) { static_cast<void>(connection.stream_.write(bytes)); };
    if (!connection.stream_.in_tls()) {
      if (heard.size() < kSslRequest || stops(Stop::before_tls)) return;
      say("S");
      if (stops(Stop::in_tls)) return;
      EXPECT_TRUE(connection.stream_.start_tls_server(context_));
      return;
    }
    if (stops(Stop::in_login)) return;
    const std::size_t startup = kSslRequest + static_cast<unsigned char>(heard[kSslRequest + 3]);
    if (heard.size() == startup) return say("R\0\0\0\x08\0\0\0\x03"s);
    if (refuses) return say("E\0\0\0\x27SFATAL\0C28000\0MPAM authentication\0\0"s);
    say("R\0\0\0\x08\0\0\0\0S\0\0\0\x09pi\0"
        "3\0"s +
        "K\0\0\0\x0C\0\0\x11\xDD\xF4\x70\x85\x44"s + "Z\0\0\0\x05I"s + "rest"s);
  }

  bool stops(Stop here) {
    has_stopped = has_stopped || stop == here;
    return has_stopped;
  }

  static net::SslContextPtr make_context() {
    const test::Identity identity = test::make_identity("db.example.com");
    net::SslContextPtr context(::SSL_CTX_new(::TLS_server_method()), net::SslContextFree{});
    ::SSL_CTX_use_certificate(context.get(), identity.certificate.get());
    ::SSL_CTX_use_PrivateKey(context.get(), identity.key.get());
    return context;
  }

  static constexpr std::size_t kSslRequest = 8;
  net::EventLoop& loop_;
  const net::SslContextPtr context_ = make_context();
  const base::Descriptor listener_ = test::listen_at("127.0.0.1", 0, 8);
  std::unique_ptr<net::Watch> watch_;
  std::vector<std::unique_ptr<Connection>> clients_;
};

}  // namespace rolegate::upstream

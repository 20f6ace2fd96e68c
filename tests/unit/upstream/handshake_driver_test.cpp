#include "upstream/handshake_driver.hpp"

#include <array>
#include <csignal>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "net/tls_context.hpp"
#include "support/certificates.hpp"
#include "support/fake_clock.hpp"

namespace rolegate::upstream {
namespace {

using Outcome = HandshakeDriver::Outcome;

/// "hello", TLS as soon as there is an S (and "why" at anything else), "login", and then what the server
/// says: "ok" or "no".
class FakeHandshake final : public Handshake {
 public:
  Event receive(std::string_view bytes) override {
    heard += bytes;
    if (!in_tls) {
      if (heard.empty()) return Event::more;
      if (heard == "S") return Event::start_tls;
      output = "why";
      return Event::failed;
    }
    if (heard.ends_with("ok")) return Event::ready;
    return heard.ends_with("no") ? Event::failed : Event::more;
  }
  Event tls_started(const net::Stream&) override {
    in_tls = true;
    heard.clear();
    output = "login";
    return Event::more;
  }
  std::string take_output() override { return std::exchange(output, {}); }

  std::string output = "hello";
  std::string heard;
  bool in_tls = false;
};

/// The server's end. What it says in TLS is bytes in memory, for the test to send as it likes.
class Server {
 public:
  explicit Server(int socket) : socket_(socket) {
    static const net::SslContextPtr context = [] {
      const test::Identity identity = test::make_identity("db.example.com");
      net::SslContextPtr made(::SSL_CTX_new(::TLS_server_method()), net::SslContextFree{});
      ::SSL_CTX_use_certificate(made.get(), identity.certificate.get());
      ::SSL_CTX_use_PrivateKey(made.get(), identity.key.get());
      return made;
    }();
    ssl_.reset(::SSL_new(context.get()));
    in_ = ::BIO_new(::BIO_s_mem());
    out_ = ::BIO_new(::BIO_s_mem());
    ::SSL_set_bio(ssl_.get(), in_, out_);
    ::SSL_set_accept_state(ssl_.get());
  }

  /// What has come from the driver since the last call.
  std::string take() {
    std::string taken;
    std::array<char, 65536> room{};
    for (ssize_t got = 0; (got = ::recv(socket_.get(), room.data(), room.size(), 0)) > 0;)
      taken.append(room.data(), static_cast<std::size_t>(got));
    return taken;
  }
  /// What it has to say now, after what has come: 'S' to "hello", the next flight of TLS, and `answer` to
  /// "login".
  std::string next(const std::string& answer) {
    const std::string came = take();
    if (!began_) {
      began_ = came == "hello";
      return began_ ? "S" : "";
    }
    ::BIO_write(in_, came.data(), static_cast<int>(came.size()));
    if (::SSL_is_init_finished(ssl_.get()) == 0) ::SSL_do_handshake(ssl_.get());
    std::array<char, 16> login{};
    if (::SSL_read(ssl_.get(), login.data(), login.size()) == 5)
      EXPECT_EQ(::SSL_write(ssl_.get(), answer.data(), static_cast<int>(answer.size())),
                static_cast<int>(answer.size()));
    return flight();
  }
  void write(std::string_view text) { ::SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())); }
  std::string flight() {
    char* bytes = nullptr;
    const long size = ::BIO_get_mem_data(out_, &bytes);
    std::string taken(bytes, static_cast<std::size_t>(size));
    static_cast<void>(BIO_reset(out_));
    return taken;
  }
  void send(std::string_view bytes) {
    EXPECT_EQ(::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void hang_up() { socket_.close(); }
  [[nodiscard]] bool tls_done() const { return ::SSL_is_init_finished(ssl_.get()) == 1; }

 private:
  base::Descriptor socket_;
  std::unique_ptr<SSL, net::SslFree> ssl_;
  BIO* in_ = nullptr;   ///< the SSL's
  BIO* out_ = nullptr;  ///< likewise
  bool began_ = false;
};

class Drive : public testing::Test {
 protected:
  Drive() { ::signal(SIGPIPE, SIG_IGN); }  // as in the program

  void begin(TlsTarget target = {net::make_client_context(), "db.example.com", false}) {
    driver_.reset();
    outcome_.reset();
    handshake_ = FakeHandshake();
    if (!greeting_.empty()) handshake_.output = greeting_;
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    server_.emplace(ends[1]);
    driver_.emplace(loop_, net::Stream(base::Descriptor(ends[0])), handshake_, std::move(target),
                    [this](Outcome outcome) {
                      EXPECT_FALSE(outcome_) << "called twice";
                      outcome_ = outcome;
                      if (destroys_) driver_.reset();
                    });
    driver_->start();
    EXPECT_FALSE(outcome_) << "called by whom it was started from";
    settle();
  }
  void settle() {
    while (loop_.run_once()) {
    }
  }
  /// The whole conversation; the server sends at most `piece` bytes at once, and hangs up after `most`.
  std::size_t converse(std::size_t piece, std::size_t most = SIZE_MAX, const std::string& answer = "ok") {
    std::size_t sent = 0;
    for (std::string flight = server_->next(answer); !flight.empty(); flight = server_->next(answer)) {
      while (!flight.empty()) {
        if (sent == most) {
          server_->hang_up();
          settle();
          return sent;
        }
        const std::size_t now = std::min({piece, flight.size(), most - sent});
        server_->send(flight.substr(0, now));
        flight.erase(0, now);
        sent += now;
        settle();
        if (outcome_) return sent;
      }
    }
    return sent;
  }

  const test::FakeClock clock_;
  net::EventLoop loop_{clock_};
  FakeHandshake handshake_;
  std::string greeting_;
  std::optional<Server> server_;
  std::optional<HandshakeDriver> driver_;
  std::optional<Outcome> outcome_;
  bool destroys_ = false;
};

TEST_F(Drive, ComesToTheEnd) {
  begin();
  EXPECT_FALSE(driver_->heard());
  server_->send(server_->next("ok"));
  settle();
  EXPECT_TRUE(driver_->heard());
  EXPECT_FALSE(driver_->tls_done_at());
  converse(SIZE_MAX);
  ASSERT_EQ(outcome_, Outcome::ready);
  EXPECT_TRUE(driver_->tls_done_at());
  EXPECT_TRUE(driver_->stream().in_tls());
  net::Stream stream = driver_->take_stream();
  driver_.reset();
  EXPECT_EQ(stream.write("more").io, net::Stream::Io::done);
  EXPECT_NE(server_->take(), "");
}

TEST_F(Drive, TakesBytesInPiecesOfAnySize) {
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 64U, 1000U}) {
    begin();
    converse(piece);
    EXPECT_EQ(outcome_, Outcome::ready) << piece;
    EXPECT_EQ(handshake_.heard, "ok") << piece;
  }
}

TEST_F(Drive, SaysHowFarItCameWhereverTheServerHangsUp) {
  begin();
  const std::size_t whole = converse(1);
  ASSERT_EQ(outcome_, Outcome::ready);
  std::size_t in_login = 0;
  // Signatures differ in length, by some bytes.
  constexpr std::size_t kVariation = 8;
  for (std::size_t most = 0; most + kVariation < whole; most += (most < 8 || most + 64 > whole) ? 1 : 29) {
    begin();
    converse(SIZE_MAX, most);
    ASSERT_TRUE(outcome_) << most;
    const bool in_tls = most > 0 && !driver_->tls_done_at();
    EXPECT_EQ(outcome_, in_tls ? Outcome::tls_failed : Outcome::lost) << most;
    if (driver_->tls_done_at()) ++in_login;
  }
  EXPECT_GT(in_login, 0U);
}

/// The descriptor of the driver's end.
void close_for_writing(const HandshakeDriver& driver) { ::shutdown(driver.stream().descriptor(), SHUT_WR); }

TEST_F(Drive, SaysWhatCouldNotBeSent) {
  // The ClientHello.
  begin();
  const std::string agreed = server_->next("ok");
  close_for_writing(*driver_);
  server_->send(agreed);
  settle();
  EXPECT_EQ(outcome_, Outcome::tls_failed);
  EXPECT_EQ(driver_->stream().why(), "Broken pipe");

  // The end of TLS's handshake.
  begin();
  server_->send(server_->next("ok"));
  settle();
  const std::string flight = server_->next("ok");
  close_for_writing(*driver_);
  server_->send(flight);
  settle();
  EXPECT_EQ(outcome_, Outcome::tls_failed);

  // What the machine says first.
  greeting_ = std::string(4 << 20, 'x');  // more than a socket holds
  begin();
  EXPECT_FALSE(outcome_);
  close_for_writing(*driver_);
  server_->take();
  settle();
  EXPECT_EQ(outcome_, Outcome::lost);
  EXPECT_EQ(driver_->stream().why(), "Broken pipe");
}

TEST_F(Drive, SendsMoreThanTheSocketHolds) {
  greeting_ = std::string(4 << 20, 'x');
  begin();
  std::string came;
  for (int turn = 0; turn < 1000 && came.size() < greeting_.size(); ++turn) {
    came += server_->take();
    settle();
  }
  EXPECT_EQ(came, greeting_);
  EXPECT_FALSE(outcome_);
}

TEST_F(Drive, FailsAsTheMachineDoes) {
  begin();
  converse(SIZE_MAX, SIZE_MAX, "no");
  EXPECT_EQ(outcome_, Outcome::failed);
  // In the clear, and with something left to send.
  begin();
  server_->take();
  server_->send("SX");
  settle();
  EXPECT_EQ(outcome_, Outcome::failed);
  EXPECT_EQ(server_->take(), "why");
  // … that cannot be sent.
  begin();
  close_for_writing(*driver_);
  server_->send("SX");
  settle();
  EXPECT_EQ(outcome_, Outcome::failed);
}

TEST_F(Drive, SaysThatTlsCannotBegin) {
  begin(TlsTarget{});
  server_->send("S");
  settle();
  EXPECT_EQ(outcome_, Outcome::tls_failed);
}

TEST_F(Drive, ReadsOnceInARound) {
  begin();
  handshake_.in_tls = true;  // so that it goes on reading
  server_->send(std::string(loop_.buffer().size() + 1, 'x'));
  loop_.run_once();
  int unread = 0;
  ::ioctl(driver_->stream().descriptor(), FIONREAD, &unread);
  EXPECT_EQ(unread, 1);
  EXPECT_FALSE(outcome_);
}

TEST_F(Drive, GoesOnWithWhatTlsHolds) {
  begin();
  converse(SIZE_MAX, SIZE_MAX, "x");
  EXPECT_FALSE(outcome_);
  for (int i = 0; i < 400; ++i) server_->write("x");
  server_->write("ok");
  server_->send(server_->flight());
  settle();
  EXPECT_EQ(outcome_, Outcome::ready);
}

TEST_F(Drive, MayGoInTheCall) {
  destroys_ = true;
  begin();
  converse(SIZE_MAX);
  EXPECT_EQ(outcome_, Outcome::ready);
  EXPECT_FALSE(driver_);
}

TEST_F(Drive, CallsNobodyOnceItIsGone) {
  begin();
  server_->send(server_->next("ok"));
  settle();
  driver_.reset();
  settle();
  EXPECT_FALSE(outcome_);
  // Its end is known, and on its way.
  begin();
  driver_.reset();
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  Server gone(ends[1]);
  gone.hang_up();
  driver_.emplace(loop_, net::Stream(base::Descriptor(ends[0])), handshake_, TlsTarget{},
                  [this](Outcome outcome) { outcome_ = outcome; });
  driver_->start();
  driver_.reset();
  settle();
  EXPECT_FALSE(outcome_);
}

}  // namespace
}  // namespace rolegate::upstream

#include "gateway/session/client_io.hpp"

#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>

#include "net/tls_context.hpp"
#include "support/certificates.hpp"
#include "support/fake_clock.hpp"

namespace rolegate::gateway {
namespace {

using Event = ClientIo::Event;

constexpr std::size_t kAll = SIZE_MAX;

/// The client's end is the test's.
class ClientIoTest : public testing::Test {
 protected:
  ClientIoTest() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    client_ = net::Stream(base::Descriptor(ends[0]));
    io_.emplace(loop_, net::Stream(base::Descriptor(ends[1])), [this] { ++woken_; });
  }

  void run() {
    for (int rounds = 0; loop_.run_once() && rounds < 1000; ++rounds) {
    }
  }
  void say(std::string_view text) { ASSERT_EQ(client_.write(text).bytes, text.size()); }
  std::string hear() {
    std::string room(1 << 20, '\0');
    const auto moved = client_.read(room);
    return room.substr(0, moved.bytes);
  }
  /// Everything that the client has said, by as many reads as it takes.
  std::string read_all() {
    std::string all;
    for (int turn = 0; turn < 100; ++turn) {
      const int before = woken_;
      while (io_->next() == Event::readable) {
        if (const auto came = io_->read(kAll)) all += *came;
      }
      run();
      if (woken_ == before) break;
    }
    return all;
  }

  test::FakeClock clock_;
  net::EventLoop loop_{clock_};
  net::Stream client_;
  int woken_ = 0;
  std::optional<ClientIo> io_;
};

TEST_F(ClientIoTest, ReadsOnceAfterEachWake) {
  say("question");
  EXPECT_EQ(io_->next(), Event::readable);
  EXPECT_EQ(io_->read(kAll), "question");
  say("another");
  EXPECT_EQ(io_->next(), Event::waiting);
  EXPECT_EQ(woken_, 0);
  run();
  EXPECT_GT(woken_, 0);
  EXPECT_EQ(io_->next(), Event::readable);
  EXPECT_EQ(io_->read(kAll), "another");
}

TEST_F(ClientIoTest, ReadsNoMoreThanItMay) {
  say("first second");
  EXPECT_EQ(io_->next(), Event::readable);
  EXPECT_EQ(io_->read(5), "first");
}

TEST_F(ClientIoTest, SaysAllBeforeItHearsAnything) {
  std::string much(8 << 20, 'x');
  io_->send(much);
  io_->send("end");
  much += "end";
  EXPECT_EQ(io_->next(), Event::waiting);
  std::string heard;
  while (io_->next() == Event::waiting) {
    ASSERT_LT(heard.size(), much.size());
    heard += hear();
  }
  heard += hear();
  EXPECT_TRUE(heard == much);
  EXPECT_EQ(io_->next(), Event::readable);
}

TEST_F(ClientIoTest, KnowsThatItsClientHasGone) {
  client_.close();
  EXPECT_EQ(io_->next(), Event::readable);
  EXPECT_EQ(io_->read(kAll), std::nullopt);
  EXPECT_EQ(io_->next(), Event::gone);
}

TEST_F(ClientIoTest, HearsWhatAClientSaysBeforeItGoes) {
  EXPECT_EQ(read_all(), "");
  say("last words");
  client_.close();
  run();
  EXPECT_EQ(io_->next(), Event::readable);
  EXPECT_EQ(io_->read(kAll), "last words");
}

TEST_F(ClientIoTest, CannotSpeakToAClientThatHasGone) {
  client_.close();
  io_->send("hello");
  EXPECT_EQ(io_->next(), Event::gone);
}

TEST_F(ClientIoTest, HearsOnlyThatAClientGoesWhenItIsToldTo) {
  io_->hear(ClientIo::Hearing::leaving);
  say("impatient");
  EXPECT_EQ(io_->next(), Event::waiting);
  run();
  EXPECT_EQ(woken_, 0);
  client_.close();
  loop_.run_once();
  EXPECT_EQ(woken_, 1);
  EXPECT_EQ(io_->next(), Event::gone);
}

TEST_F(ClientIoTest, HearsNothingWhenItIsToldTo) {
  io_->hear(ClientIo::Hearing::nothing);
  EXPECT_EQ(io_->next(), Event::waiting);
  say("anything");
  client_.close();
  run();
  EXPECT_EQ(woken_, 0);
  io_->hear(ClientIo::Hearing::all);
  EXPECT_EQ(read_all(), "anything");
}

TEST_F(ClientIoTest, HearsNothingOfAClientThatWillNotHearWhatIsToBeSaid) {
  io_->send("hello");
  io_->hear(ClientIo::Hearing::nothing);
  client_.close();
  EXPECT_EQ(io_->next(), Event::waiting);
  run();
  EXPECT_EQ(woken_, 0);
  io_->hear(ClientIo::Hearing::all);
  EXPECT_EQ(io_->next(), Event::readable);
  EXPECT_EQ(io_->read(kAll), std::nullopt);
  EXPECT_EQ(io_->next(), Event::gone);
}

TEST_F(ClientIoTest, ClosesItsSideBehindWhatItHasToSay) {
  std::string much(8 << 20, 'x');
  io_->send(much);
  io_->close_writing();
  std::string heard;
  for (int turn = 0; turn < 1000 && heard.size() < much.size(); ++turn) {
    static_cast<void>(io_->next());
    heard += hear();
  }
  EXPECT_EQ(heard.size(), much.size());
  static_cast<void>(io_->next());
  char next = 0;
  EXPECT_EQ(client_.read({&next, 1}).io, net::Stream::Io::closed);
}

TEST_F(ClientIoTest, GivesAwayWhatIsUnsent) {
  EXPECT_EQ(io_->next(), Event::readable);
  EXPECT_EQ(io_->read(kAll), std::nullopt);
  io_->send(std::string(8 << 20, 'x'));
  EXPECT_EQ(io_->next(), Event::waiting);
  const std::size_t heard = hear().size();
  ClientIo::Released released = io_->release();
  EXPECT_LE(released.unsent.size() + heard, std::size_t{8} << 20);
  EXPECT_GT(released.unsent.size(), 0U);
  EXPECT_FALSE(io_->is_open());
  say("behind");
  io_->take_back(std::move(released.stream));
  EXPECT_EQ(io_->next(), Event::readable);
  EXPECT_EQ(io_->read(kAll), "behind");
}

/// The client in TLS, too.
class ClientIoTlsTest : public ClientIoTest {
 protected:
  ClientIoTlsTest() {
    ::signal(SIGPIPE, SIG_IGN);  // as the program does: OpenSSL writes without MSG_NOSIGNAL
    const test::Identity identity = test::make_identity("gateway");
    ::SSL_CTX_use_certificate(context_.get(), identity.certificate.get());
    ::SSL_CTX_use_PrivateKey(context_.get(), identity.key.get());
    ::SSL_CTX_set_read_ahead(context_.get(), 1);  // as the gateway's
    EXPECT_TRUE(client_.start_tls_client(net::make_client_context(), "gateway", false));
  }
  /// What TLS comes to, after as many wakes as it takes.
  Event handshake() {
    bool client_done = false;
    for (int turn = 0; turn < 100; ++turn) {
      client_done = client_done || !client_.is_open() || client_.handshake() == net::Stream::Io::done;
      run();
      const Event event = io_->next();
      if (event == Event::tls_wanted) EXPECT_TRUE(io_->start_tls(context_));
      if (event != Event::tls_wanted && event != Event::waiting) return event;
    }
    return Event::waiting;
  }

  net::SslContextPtr context_{::SSL_CTX_new(::TLS_server_method()), net::SslContextFree{}};
};

TEST_F(ClientIoTlsTest, StartsTlsWhenAllIsSaid) {
  io_->want_tls();
  EXPECT_TRUE(io_->is_between_tls());
  EXPECT_EQ(io_->next(), Event::tls_wanted);
  EXPECT_EQ(handshake(), Event::tls_started);
  EXPECT_FALSE(io_->is_between_tls());
  say("inside");
  EXPECT_EQ(read_all(), "inside");
}

TEST_F(ClientIoTlsTest, ReadsOnWhatTlsHoldsThoughNoWaitTellsOfIt) {
  io_->want_tls();
  ASSERT_EQ(handshake(), Event::tls_started);
  std::string all;
  for (int i = 0; i < 200; ++i) {  // more than it takes at once
    const std::string one(10, static_cast<char>('a' + i % 26));
    say(one);
    all += one;
  }
  EXPECT_TRUE(read_all() == all);
}

TEST_F(ClientIoTlsTest, GoesOnWithTlsInItsTurn) {
  EXPECT_EQ(client_.handshake(), net::Stream::Io::wants_read);  // its ClientHello is out
  io_->want_tls();
  ASSERT_EQ(io_->next(), Event::tls_wanted);
  ASSERT_TRUE(io_->start_tls(context_));
  EXPECT_EQ(io_->next(), Event::waiting);
  char next = 0;
  EXPECT_EQ(::recv(client_.descriptor(), &next, 1, MSG_PEEK), -1);
  run();
  EXPECT_EQ(io_->next(), Event::waiting);
  EXPECT_EQ(::recv(client_.descriptor(), &next, 1, MSG_PEEK), 1);
  // With that unread the connection is reset.
  client_.close();
  run();
  EXPECT_EQ(io_->next(), Event::waiting);
  run();
  EXPECT_EQ(io_->next(), Event::gone);
}

TEST_F(ClientIoTlsTest, SaysWhyTlsHasNotComeAbout) {
  client_.close();
  io_->want_tls();
  EXPECT_EQ(handshake(), Event::tls_failed);
  EXPECT_EQ(io_->stream().why(), "unexpected eof while reading");
  EXPECT_TRUE(io_->is_between_tls());
}

}  // namespace
}  // namespace rolegate::gateway

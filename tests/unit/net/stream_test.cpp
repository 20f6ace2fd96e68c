#include "net/stream.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "support/tls_pair.hpp"

namespace rolegate::net {
namespace {

using namespace std::string_literals;

TEST(Stream, SaysInsideTlsThatNothingMoreComes) {
  // One that, unlike the gateway's own, takes a connection that just ends for one that was cut.
  const SslContextPtr strict(::SSL_CTX_new(::TLS_client_method()), SslContextFree{});
  test::TlsPair pair(strict);
  ASSERT_EQ(pair.server.write("bye").io, Stream::Io::done);
  pair.server.close_writing();
  std::array<char, 100> room{};
  EXPECT_EQ(pair.client.read(room).bytes, 3U);
  EXPECT_EQ(pair.client.read(room).io, Stream::Io::closed) << pair.client.why();
}

TEST(Stream, TellsAnEndInsideTlsFromACut) {
  const SslContextPtr strict(::SSL_CTX_new(::TLS_client_method()), SslContextFree{});
  test::TlsPair pair(strict);
  ::shutdown(pair.server.descriptor(), SHUT_WR);
  std::array<char, 100> room{};
  EXPECT_EQ(pair.client.read(room).io, Stream::Io::failed);
  EXPECT_NE(pair.client.why(), "");
}

/// What a server says of a handshake that begins with `bytes` and then ends.
std::string reason_of_handshake(std::string_view bytes) {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  const base::Descriptor client(ends[0]);
  Stream server{base::Descriptor(ends[1])};
  EXPECT_TRUE(server.start_tls_server(SslContextPtr(::SSL_CTX_new(::TLS_server_method()), SslContextFree{})));
  EXPECT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
  ::shutdown(client.get(), SHUT_WR);
  const Stream::Io io = server.handshake();
  EXPECT_TRUE(io == Stream::Io::closed || io == Stream::Io::failed);
  return io == Stream::Io::closed ? "closed" : server.why();
}

TEST(Stream, AlwaysSaysWhyAHandshakeFailed) {
  using namespace std::string_literals;
  const std::string hello = "\x16\x03\x01\x00\x2E\x01\x00\x00\x2A\x03\x03"s + std::string(32, 'r') +
                            "\x00\x00\x02\x13\x01\x01\x00"s;
  for (std::size_t size = 0; size <= hello.size(); ++size) {
    EXPECT_NE(reason_of_handshake(hello.substr(0, size)), "") << size;
  }
  for (int alert = 0; alert < 256; ++alert) {
    for (const char* level : {"\x01", "\x02"}) {
      const std::string record = "\x15\x03\x01\x00\x02"s + level + static_cast<char>(alert);
      EXPECT_NE(reason_of_handshake(record), "") << alert;
    }
  }
  EXPECT_EQ(reason_of_handshake("GET / HTTP/1.1\r\n\r\n"), "http request");
}

TEST(Stream, FillsItsRoomWithAllThatOneReadOfTheSocketBrought) {
  test::TlsPair pair(make_client_context());
  for (const char* record : {"one ", "two ", "three"}) {
    ASSERT_EQ(pair.server.write(record).io, Stream::Io::done);
  }
  std::string room(1 << 17, '\0');
  const auto [io, bytes] = pair.client.read(room);
  EXPECT_EQ(io, Stream::Io::done);
  EXPECT_EQ(room.substr(0, bytes), "one two three");
  EXPECT_FALSE(pair.client.holds_bytes());
  EXPECT_EQ(pair.client.read(room).io, Stream::Io::wants_read);
}

TEST(Stream, KnowsWhenTlsHoldsMoreThanThereWasRoomFor) {
  test::TlsPair pair(make_client_context());
  ASSERT_EQ(pair.server.write("first").io, Stream::Io::done);
  ASSERT_EQ(pair.server.write("second").io, Stream::Io::done);
  std::array<char, 5> room{};
  EXPECT_EQ(pair.client.read(room).bytes, 5U);
  EXPECT_TRUE(pair.client.holds_bytes());
}

TEST(Stream, KnowsThatTheEndIsHereWhichItReadBehindTheData) {
  test::TlsPair pair(make_client_context());
  ASSERT_EQ(pair.server.write("bye").io, Stream::Io::done);
  pair.server.close_writing();
  std::string room(1 << 17, '\0');
  const auto [io, bytes] = pair.client.read(room);
  EXPECT_EQ(io, Stream::Io::done);
  EXPECT_EQ(bytes, 3U);
  EXPECT_TRUE(pair.client.holds_bytes()) << "no wait tells of a close_notify that was read";
  EXPECT_EQ(pair.client.read(room).io, Stream::Io::closed);
}

TEST(Stream, TellsOfTheFailureThatItMetBehindTheData) {
  test::TlsPair pair(make_client_context());
  ASSERT_EQ(pair.server.write("good").io, Stream::Io::done);
  const std::string forged = "\x17\x03\x03\x00\x20"s + std::string(32, 'x');
  ASSERT_EQ(::send(pair.server.descriptor(), forged.data(), forged.size(), 0),
            static_cast<ssize_t>(forged.size()));
  std::string room(1 << 17, '\0');
  EXPECT_EQ(pair.client.read(room).bytes, 4U);
  EXPECT_TRUE(pair.client.holds_bytes()) << "no wait tells of it";
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(pair.client.read(room).io, Stream::Io::failed);
    EXPECT_EQ(pair.client.why(), "decryption failed or bad record mac");
  }
}

TEST(Stream, TakesAnAlertInTheClearForNoGoodbye) {
  test::TlsPair pair(make_client_context());
  ASSERT_EQ(pair.server.write("good").io, Stream::Io::done);
  // A close_notify, as whoever is in between could send it.
  const std::string alert = "\x15\x03\x03\x00\x02\x01\x00"s;
  ASSERT_EQ(::send(pair.server.descriptor(), alert.data(), alert.size(), 0),
            static_cast<ssize_t>(alert.size()));
  std::string room(1 << 17, '\0');
  EXPECT_EQ(pair.client.read(room).bytes, 4U);
  EXPECT_EQ(pair.client.read(room).io, Stream::Io::failed);
}

/// A client of its own making, inside TLS 1.3 with the gateway's side of a connection.
struct RawClient {
  RawClient() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    socket = base::Descriptor(ends[0]);
    server = Stream(base::Descriptor(ends[1]));
    ssl.reset(::SSL_new(context.get()));
    ::SSL_set_fd(ssl.get(), socket.get());
    ::SSL_set_connect_state(ssl.get());
    const test::Identity identity = test::make_identity("gateway.example.com");
    const SslContextPtr own(::SSL_CTX_new(::TLS_server_method()), SslContextFree{});
    ::SSL_CTX_use_certificate(own.get(), identity.certificate.get());
    ::SSL_CTX_use_PrivateKey(own.get(), identity.key.get());
    EXPECT_TRUE(server.start_tls_server(own));
    for (int turn = 0; turn < 10; ++turn) {
      ::SSL_do_handshake(ssl.get());
      if (server.handshake() == Stream::Io::done) return;
    }
    ADD_FAILURE() << server.why();
  }
  void update_key() {
    ASSERT_EQ(::SSL_key_update(ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    ASSERT_EQ(::SSL_do_handshake(ssl.get()), 1);
  }
  void say(std::string_view bytes) {
    ASSERT_EQ(::SSL_write(ssl.get(), bytes.data(), static_cast<int>(bytes.size())),
              static_cast<int>(bytes.size()));
  }

  SslContextPtr context{::SSL_CTX_new(::TLS_client_method()), SslContextFree{}};
  base::Descriptor socket;
  std::unique_ptr<SSL, SslFree> ssl;
  Stream server;
};

TEST(Stream, HearsAPeerThatUpdatesItsKeysNowAndThen) {
  RawClient client;
  std::array<char, 100> room{};
  for (int turn = 0; turn < 10; ++turn) {
    for (int update = 0; update < 10; ++update) client.update_key();
    client.say("data");
    const Stream::Moved read = client.server.read(room);
    EXPECT_EQ(read.io, Stream::Io::done) << client.server.why();
    EXPECT_EQ(read.bytes, 4U);
  }
}

TEST(Stream, LeavesAPeerThatSendsNothingButTlsMessages) {
  RawClient client;
  for (int update = 0; update < 100; ++update) client.update_key();
  client.say("data");
  std::array<char, 100> room{};
  EXPECT_EQ(client.server.read(room).io, Stream::Io::failed);
  EXPECT_EQ(client.server.why(), "the peer sends TLS messages without end, and no data");
  EXPECT_EQ(client.server.read(room).io, Stream::Io::failed) << "for good";
}

TEST(Stream, LeavesAPeerWhoseHandshakeNeverEnds) {
  using namespace std::string_literals;
  std::string pieces;
  for (int piece = 0; piece < 1000; ++piece) pieces += "\x16\x03\x01\x00\x01\x01"s;
  EXPECT_EQ(reason_of_handshake(pieces), "the peer sends TLS messages without end, and no data");
}

TEST(Stream, ReadsSoManySmallRecordsAtOnce) {
  RawClient client;
  for (int record = 0; record < 200; ++record) client.say("x");
  std::string room(std::size_t{128} << 10, '\0');
  std::size_t all = 0;
  for (int turn = 0; all < 200 && turn < 200; ++turn) {
    const Stream::Moved read = client.server.read(room);
    ASSERT_EQ(read.io, Stream::Io::done);
    EXPECT_LE(read.bytes, 128U);
    all += read.bytes;
  }
  EXPECT_EQ(all, 200U);
}

}  // namespace
}  // namespace rolegate::net

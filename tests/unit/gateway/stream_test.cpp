#include "gateway/stream.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "unit/gateway/tls_pair.hpp"

namespace rolegate::gateway {
namespace {

TEST(Stream, SaysInsideTlsThatNothingMoreComes) {
  // One that, unlike the gateway's own, takes a connection that just ends for one that was cut.
  const SslContextPtr strict(::SSL_CTX_new(::TLS_client_method()), SslContextFree{});
  TlsPair pair(strict);
  ASSERT_EQ(pair.server.write("bye").io, Stream::Io::done);
  pair.server.close_writing();
  std::array<char, 100> room{};
  EXPECT_EQ(pair.client.read(room).bytes, 3U);
  EXPECT_EQ(pair.client.read(room).io, Stream::Io::closed) << pair.client.why();
}

TEST(Stream, TellsAnEndInsideTlsFromACut) {
  const SslContextPtr strict(::SSL_CTX_new(::TLS_client_method()), SslContextFree{});
  TlsPair pair(strict);
  ::shutdown(pair.server.descriptor(), SHUT_WR);
  std::array<char, 100> room{};
  EXPECT_EQ(pair.client.read(room).io, Stream::Io::failed);
  EXPECT_NE(pair.client.why(), "");
}

/// What a server says of a handshake that begins with `bytes` and then ends.
std::string reason_of_handshake(std::string_view bytes) {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  const Descriptor client(ends[0]);
  Stream server{Descriptor(ends[1])};
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
  TlsPair pair(upstream_context());
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
  TlsPair pair(upstream_context());
  ASSERT_EQ(pair.server.write("first").io, Stream::Io::done);
  ASSERT_EQ(pair.server.write("second").io, Stream::Io::done);
  std::array<char, 5> room{};
  EXPECT_EQ(pair.client.read(room).bytes, 5U);
  EXPECT_TRUE(pair.client.holds_bytes());
}

}  // namespace
}  // namespace rolegate::gateway

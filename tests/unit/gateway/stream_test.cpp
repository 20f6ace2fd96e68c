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

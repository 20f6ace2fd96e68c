#include "gateway/upstream_tls.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/environment.hpp"

namespace rolegate::gateway {
namespace {

/// What a client says first, inside TLS to a database.
std::string client_hello(const SslContextPtr& context) {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
  Stream client{Descriptor(ends[0])};
  Stream server{Descriptor(ends[1])};
  EXPECT_TRUE(client.start_tls_client(context, "db.example.com", false));
  EXPECT_EQ(client.handshake(), Stream::Io::wants_read);
  std::array<char, 4096> room{};
  const auto [io, bytes] = server.read(room);
  EXPECT_EQ(io, Stream::Io::done);
  return {room.data(), bytes};
}

// PostgreSQL up to 17 takes no other curve by default: a share for another would cost a HelloRetryRequest.
TEST(UpstreamTls, SendsAKeyShareThatPostgresqlTakesAtOnce) {
  const base::FixedEnvironment environment;
  const base::SystemClock clock;
  UpstreamTls tls(environment, clock);
  login::Login login;
  login.ssl_mode = config::SslMode::require;
  const auto context = tls.context(login);
  ASSERT_TRUE(context) << context.error().text();
  // RFC 8446, 4.2.8: NamedGroup secp256r1 (0x0017), 65 bytes, of which the first says "uncompressed".
  const std::string share("\x00\x17\x00\x41\x04", 5);
  EXPECT_NE(client_hello((*context)->ssl).find(share), std::string::npos);
}

}  // namespace
}  // namespace rolegate::gateway

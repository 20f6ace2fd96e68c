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

/// A NamedGroup of RFC 8446, 4.2.7, and the length of its share.
constexpr std::string_view kP256Share("\x00\x17\x00\x41\x04", 5);
constexpr std::string_view kX25519Share("\x00\x1d\x00\x20", 4);

// A share for a group that the server does not take would cost a HelloRetryRequest.
TEST(UpstreamTls, SendsAKeyShareThatTheEngineTakesAtOnce) {
  const base::FixedEnvironment environment;
  const base::SystemClock clock;
  UpstreamTls tls(environment, clock);
  for (const auto& [engine, share] :
       {std::pair{config::Engine::postgresql, kP256Share}, std::pair{config::Engine::mysql, kX25519Share}}) {
    login::Login login;
    login.engine = engine;
    login.ssl_mode = config::SslMode::require;
    const auto context = tls.context(login);
    ASSERT_TRUE(context) << context.error().text();
    EXPECT_NE(client_hello((*context)->ssl).find(share), std::string::npos) << config::engine_name(engine);
  }
}

}  // namespace
}  // namespace rolegate::gateway

#include "upstream/upstream_tls.hpp"

#include <array>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/environment.hpp"
#include "support/certificates.hpp"
#include "support/temporary_folder.hpp"

namespace rolegate::upstream {
namespace {

/// What a client says first, inside TLS to a database.
std::string client_hello(const net::SslContextPtr& context) {
  std::array<int, 2> ends{-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
  net::Stream client{base::Descriptor(ends[0])};
  net::Stream server{base::Descriptor(ends[1])};
  EXPECT_TRUE(client.start_tls_client(context, "db.example.com", false));
  EXPECT_EQ(client.handshake(), net::Stream::Io::wants_read);
  std::array<char, 4096> room{};
  const auto [io, bytes] = server.read(room);
  EXPECT_EQ(io, net::Stream::Io::done);
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

/// Time that a test sets.
class SetClock final : public base::Clock {
 public:
  [[nodiscard]] base::WallTime now() const override { return {}; }
  [[nodiscard]] base::SteadyTime steady() const override { return time; }
  base::SteadyTime time{};
};

class UpstreamTlsFiles : public testing::Test {
 protected:
  UpstreamTlsFiles() {
    login_.ssl_root_cert = folder_.path("ca.pem");
    write("one");
  }
  void write(const std::string& ca) const {
    std::ofstream(login_.ssl_root_cert) << test::make_identity(ca).pem();
  }
  std::shared_ptr<const UpstreamTlsContext> read() { return tls_.context(login_).value(); }

  const test::TemporaryFolder folder_;
  const base::FixedEnvironment environment_;
  SetClock clock_;
  UpstreamTls tls_{environment_, clock_};
  login::Login login_;
};

TEST_F(UpstreamTlsFiles, AreLookedAtAgainAfterAMinute) {
  const auto first = read();
  write("two");
  clock_.time += std::chrono::seconds(59);
  EXPECT_EQ(read(), first);
  clock_.time += std::chrono::seconds(1);
  EXPECT_NE(read(), first);
}

TEST_F(UpstreamTlsFiles, CountFromAReloadOn) {
  const auto first = read();
  tls_.look_again();
  EXPECT_EQ(read(), first) << "nothing has changed";
  write("two");
  EXPECT_EQ(read(), first);
  tls_.look_again();
  const auto second = read();
  EXPECT_NE(second, first);
  EXPECT_EQ(read(), second);
}

TEST_F(UpstreamTlsFiles, AreKeptOnceHoweverManyDatabasesHaveThem) {
  const auto first = read();
  for (int i = 0; i < 10'000; ++i) {
    login_.host = "database-" + std::to_string(i) + ".example.com";
    if (i % 1000 == 0) clock_.time += std::chrono::seconds(60);
    ASSERT_EQ(read(), first);
  }
  EXPECT_EQ(tls_.size(), 1U);
}

TEST_F(UpstreamTlsFiles, GoWhenTheyAreOutOfDateAndNobodyIsWithThem) {
  const auto text = test::make_identity("ca").pem();
  const auto read_own = [&](int database) {
    login_.ssl_root_cert = folder_.path("ca-" + std::to_string(database) + ".pem");
    std::ofstream(login_.ssl_root_cert) << text;
    return read();
  };
  const net::SslContextPtr of_a_session = read_own(0)->ssl;
  const auto of_a_login = read_own(1);
  for (int i = 2; i < 200; ++i) {
    read_own(i);
    clock_.time += std::chrono::seconds(1);
  }
  EXPECT_LE(tls_.size(), 63U) << "those of the last minute, and two that somebody is with";
  EXPECT_EQ(read_own(0)->ssl, of_a_session);
  EXPECT_EQ(read_own(1), of_a_login);
}

}  // namespace
}  // namespace rolegate::upstream

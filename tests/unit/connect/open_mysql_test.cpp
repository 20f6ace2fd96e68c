#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include <mysql.h>

#include "unit/connect/connect_fixture.hpp"

namespace rolegate::connect {
namespace {

using std::string_literals::operator""s;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr unsigned long kUsual = CLIENT_PROTOCOL_41 | CLIENT_SECURE_CONNECTION | CLIENT_PLUGIN_AUTH |
                                 CLIENT_SSL | CLIENT_CONNECT_WITH_DB | CLIENT_LOCAL_FILES |
                                 CLIENT_TRANSACTIONS | CLIENT_MYSQL;

std::string packet(int number, const std::string& content) {
  const std::size_t size = content.size();
  return std::string{static_cast<char>(size), static_cast<char>(size >> 8), static_cast<char>(size >> 16),
                     static_cast<char>(number)} +
         content;
}

/// Protocol::HandshakeV10.
std::string greeting(unsigned long capabilities = kUsual,
                     const std::string& plugin = "mysql_native_password") {
  const auto low = static_cast<char>(capabilities), second = static_cast<char>(capabilities >> 8);
  const auto third = static_cast<char>(capabilities >> 16), high = static_cast<char>(capabilities >> 24);
  return packet(0, "\x0A" + "8.0.35\0"s + "\x01\0\0\0"s + "abcdefgh\0"s + low + second + "\x2D" + "\x02\0"s +
                       third + high + "\x15" + std::string(10, '\0') + "ijklmnopqrst\0"s + plugin + "\0"s);
}
std::string ask_for(const std::string& method) { return "\xFE" + method + "\0"s + "ABCDEFGHIJKLMNOPQRST\0"s; }
std::string welcome() { return "\0\0\0\x02\0\0\0"s; }
std::string refusal(int code, const std::string& text) {
  return "\xFF"s + static_cast<char>(code) + static_cast<char>(code >> 8) + "#28000" + text;
}

std::string receive_packet(Peer& peer) {
  const std::string head = peer.receive(4);
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(head[i]));
  };
  return peer.receive(byte(0) | byte(1) << 8 | byte(2) << 16);
}
/// The beginning of most scripts: greeting, SSLRequest, TLS, HandshakeResponse.
std::string start(Peer& peer, const test::Identity& identity) {
  peer.send(greeting());
  peer.receive(36);
  peer.start_tls(identity);
  return receive_packet(peer);
}

class OpenMysql : public ConnectTest {
 protected:
  base::Result<MysqlConnection> open(const login::Login& login, std::chrono::milliseconds time = kLong) {
    return open_mysql(login, environment_, base::Deadline::in(time), &steps_);
  }
  login::Login login_for(const ScriptedServer& server) const {
    return login_to(server, config::Engine::mysql);
  }
  /// The error of a login that must not have given anything away.
  base::Error refused(ScriptedServer& server, std::optional<login::Login> login = std::nullopt,
                      std::chrono::milliseconds time = kLong) {
    if (!login) login = login_for(server);
    const auto opened = open(*login, time);
    EXPECT_FALSE(opened);
    if (opened) return {};
    EXPECT_THAT(server.in_clear(), Not(HasSubstr("canary")));
    EXPECT_THAT(server.in_tls(), Not(HasSubstr("canary")));
    expect_no_secret(opened.error());
    return opened.error();
  }
  login::Steps steps_;
};

TEST_F(OpenMysql, GivesTheTokenToAVerifiedServerElsewhere) {
  std::string response;
  std::string given;
  ScriptedServer server([&](Peer& peer) {
    response = start(peer, server_);
    peer.send(packet(2, ask_for("mysql_clear_password")));
    given = receive_packet(peer);
    peer.send(packet(4, welcome()));
  });
  auto opened = open(login_for(server));
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_STREQ((*opened)->passwd, "");
  EXPECT_THAT(steps_of(steps_), ElementsAre("resolve", "tcp", "tls", "handshake"));
  EXPECT_THAT(steps_.all()[2].detail, StartsWith("TLSv1.3 TLS_"));
  opened->reset();
  EXPECT_EQ(server.in_clear().size(), 36U);
  EXPECT_EQ(given, token_ + "\0"s);
  EXPECT_THAT(response, Not(HasSubstr("canary")));
}

TEST_F(OpenMysql, RefusesACertificateForAnotherName) {
  const test::Identity other = test::make_identity("elsewhere.example.com", &ca_);
  ScriptedServer server([&](Peer& peer) { start(peer, other); });
  const auto error = refused(server);
  EXPECT_EQ(error.code, "tls_verification_failed");
  EXPECT_THAT(error.message, HasSubstr("not for " + std::string(kHost)));
  EXPECT_THAT(steps_of(steps_), ElementsAre("resolve", "tcp", "tls tls_verification_failed"));
  EXPECT_EQ(server.in_tls(), "");  // not even the user's name
}

TEST_F(OpenMysql, RefusesACertificateForTheDialledAddress) {
  // Connector/C left to itself would take this one: it verifies what it dials.
  const test::Identity other = test::make_identity("localhost", &ca_);
  ScriptedServer server([&](Peer& peer) { start(peer, other); });
  login::Login login = login_for(server);
  login.dial.host = "localhost";
  EXPECT_EQ(refused(server, std::move(login)).code, "tls_verification_failed");
}

TEST_F(OpenMysql, RefusesACertificateOfAnUnknownCa) {
  const test::Identity stranger = test::make_identity("Test CA");
  const test::Identity other = test::make_identity(std::string(kHost), &stranger);
  for (const auto mode : {config::SslMode::verify_full, config::SslMode::verify_ca}) {
    ScriptedServer server([&](Peer& peer) { start(peer, other); });
    login::Login login = login_for(server);
    login.ssl_mode = mode;
    const auto error = refused(server, std::move(login));
    EXPECT_EQ(error.code, "tls_verification_failed");
    EXPECT_THAT(error.message, HasSubstr("no trusted CA"));
  }
}

TEST_F(OpenMysql, SaysOfEachCertificateWhatIsWrongWithIt) {
  for (const Faulty& one : faulty()) {
    ScriptedServer server([&](Peer& peer) { start(peer, one.identity); });
    const auto error = refused(server);
    EXPECT_EQ(error.code, "tls_verification_failed");
    for (const std::string& words : one.message) EXPECT_THAT(error.message, HasSubstr(words));
    EXPECT_THAT(error.hint, HasSubstr(one.hint));
  }
}

TEST_F(OpenMysql, TellsARefusalOfTlsFromNoTlsAtAll) {
  for (const auto& [bytes, words] : what_is_no_tls()) {
    ScriptedServer server([&](Peer& peer) {
      peer.send(greeting());
      peer.receive(36 + 5);
      peer.send(bytes);
    });
    const auto error = refused(server);
    EXPECT_EQ(error.code, "tls_failed");
    EXPECT_THAT(error.message, HasSubstr(words));
  }
}

TEST_F(OpenMysql, WeakerModesVerifyLess) {
  const test::Identity other = test::make_identity("elsewhere.example.com", &ca_);
  const test::Identity stranger = test::make_identity("Test CA");
  const test::Identity unknown = test::make_identity("elsewhere.example.com", &stranger);
  for (const auto& [mode, identity] :
       {std::pair{config::SslMode::verify_ca, &other}, std::pair{config::SslMode::require, &unknown}}) {
    ScriptedServer server([&](Peer& peer) {
      start(peer, *identity);
      peer.send(packet(2, welcome()));
    });
    login::Login login = login_for(server);
    login.ssl_mode = mode;
    EXPECT_TRUE(open(login)) << config::ssl_mode_name(mode);
  }
}

TEST_F(OpenMysql, RefusesAServerWithoutTlsInEveryMode) {
  for (const auto mode :
       {config::SslMode::verify_full, config::SslMode::verify_ca, config::SslMode::require}) {
    ScriptedServer server(
        [](Peer& peer) { peer.send(greeting(kUsual & ~static_cast<unsigned long>(CLIENT_SSL))); });
    login::Login login = login_for(server);
    login.ssl_mode = mode;
    EXPECT_EQ(refused(server, std::move(login)).code, "tls_not_offered");
    EXPECT_EQ(server.in_clear(), "");
  }
}

TEST_F(OpenMysql, SaysNothingToAServerFromBeforePlugins) {
  ScriptedServer server([](Peer& peer) {
    peer.send(greeting(kUsual & ~static_cast<unsigned long>(CLIENT_PLUGIN_AUTH | CLIENT_SSL)));
  });
  login::Login login = login_for(server);
  login.ssl_mode = config::SslMode::require;
  EXPECT_EQ(refused(server, std::move(login)).code, "connection_failed");
  EXPECT_EQ(server.in_clear(), "");
}

TEST_F(OpenMysql, WorksInManyThreadsAtOnce) {
  ScriptedServer server([&](Peer& peer) {
    start(peer, server_);
    peer.send(packet(2, ask_for("mysql_clear_password")));
    receive_packet(peer);
    peer.send(packet(4, welcome()));
  });
  std::atomic<int> opened{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        if (open_mysql(login_for(server), environment_, base::Deadline::in(kLong))) ++opened;
      });
    }
  }
  EXPECT_EQ(opened, 8);
}

TEST_F(OpenMysql, RefusesBytesAddedBeforeTls) {
  // One write, so that they are in Connector/C's buffer together with the greeting.
  ScriptedServer server([&](Peer& peer) {
    peer.send(greeting() + packet(2, ask_for("mysql_clear_password")));
    peer.receive(36);
    peer.start_tls(server_);
  });
  EXPECT_EQ(refused(server).code, "bytes_before_tls");
  EXPECT_EQ(server.in_clear(), "");
}

TEST_F(OpenMysql, RefusesToGoOnWithoutTls) {
  ScriptedServer after_request([](Peer& peer) {
    peer.send(greeting());
    peer.receive(36);
    peer.send(packet(2, ask_for("mysql_clear_password")));
  });
  EXPECT_EQ(refused(after_request).code, "tls_failed");
  // A greeting that names the login plugin itself, or none, must not get around it.
  ScriptedServer own_name([](Peer& peer) { peer.send(greeting(kUsual, "rolegate_login")); });
  EXPECT_EQ(refused(own_name).code, "tls_failed");
  ScriptedServer without_plugins(
      [](Peer& peer) { peer.send(greeting(kUsual & ~static_cast<unsigned long>(CLIENT_PLUGIN_AUTH))); });
  EXPECT_EQ(refused(without_plugins).code, "connection_failed");
  EXPECT_EQ(own_name.in_clear() + without_plugins.in_clear(), "");
}

TEST_F(OpenMysql, GivesATokenToNoOtherMethod) {
  for (const char* method : {"mysql_native_password", "caching_sha2_password", "sha256_password", "dialog",
                             "mysql_old_password", "client_ed25519", "", "rolegate_login"}) {
    ScriptedServer server([&](Peer& peer) {
      start(peer, server_);
      peer.send(packet(2, ask_for(method)));
      receive_packet(peer);
    });
    const auto error = refused(server);
    EXPECT_EQ(error.code, "iam_token_refused") << method;
    EXPECT_THAT(error.message, HasSubstr(fmt::format("'{}'", method)));
    EXPECT_THAT(error.hint, HasSubstr("AWSAuthenticationPlugin"));
  }
}

TEST_F(OpenMysql, GivesTheTokenOnce) {
  for (const char* method : {"mysql_clear_password", "mysql_native_password", "rolegate_login", "login"}) {
    ScriptedServer server([&](Peer& peer) {
      start(peer, server_);
      peer.send(packet(2, ask_for("mysql_clear_password")));
      receive_packet(peer);
      peer.send(packet(4, ask_for(method)));
      receive_packet(peer);
      throw PeerGone("has seen enough");
    });
    EXPECT_FALSE(open(login_for(server)));
    const std::string& received = server.in_tls();
    EXPECT_EQ(received.find("canary"), received.rfind("canary")) << method;
  }
}

TEST_F(OpenMysql, AnswersAPasswordLoginWithTheMethodAskedFor) {
  ScriptedServer server([&](Peer& peer) {
    start(peer, server_);
    peer.send(packet(2, ask_for("mysql_native_password")));
    const std::string scramble = receive_packet(peer);
    peer.send(packet(4, scramble.size() == 20 ? welcome() : refusal(1045, "no")));
  });
  login::Login login = login_for(server);
  login.kind = config::Kind::password;
  login.password = base::Secret("canary-password");
  const auto opened = open(login);
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_STREQ((*opened)->passwd, "");  // wiped
  const_cast<MysqlConnection&>(*opened).reset();
  EXPECT_THAT(server.in_clear() + server.in_tls(), Not(HasSubstr("canary")));
}

TEST_F(OpenMysql, GivesAPasswordToNoObsoleteMethod) {
  for (const char* method : {"mysql_old_password", "dialog", "auth_gssapi_client"}) {
    ScriptedServer server([&](Peer& peer) {
      start(peer, server_);
      peer.send(packet(2, ask_for(method)));
    });
    login::Login login = login_for(server);
    login.kind = config::Kind::password;
    EXPECT_EQ(refused(server, std::move(login)).code, "connection_failed") << method;
  }
}

TEST_F(OpenMysql, SaysInWhichStepTheTimeRanOut) {
  ScriptedServer silent([](Peer&) {});
  EXPECT_THAT(refused(silent, std::nullopt, kShort).message, HasSubstr("did not send its greeting"));
  EXPECT_THAT(steps_of(steps_), ElementsAre("resolve", "tcp", "tls connect_timeout"));

  steps_ = {};
  ScriptedServer no_handshake([](Peer& peer) { peer.send(greeting()); });
  EXPECT_THAT(refused(no_handshake, std::nullopt, kShort).message, HasSubstr("did not finish TLS"));

  steps_ = {};
  ScriptedServer no_login([&](Peer& peer) { start(peer, server_); });
  const auto error = refused(no_login, std::nullopt, kLong / 10);
  EXPECT_EQ(error.code, "connect_timeout");
  EXPECT_THAT(error.message, HasSubstr("did not answer the login"));
  EXPECT_THAT(steps_of(steps_), ElementsAre("resolve", "tcp", "tls", "handshake connect_timeout"));
}

TEST_F(OpenMysql, TellsThrottlingBeforeTlsFromAFullServer) {
  for (const auto& [text, code] : {std::pair{"Too many connections", "database_unavailable"},
                                   std::pair{"IAM authentication rate limit exceeded", "rate_limited"}}) {
    ScriptedServer server([&](Peer& peer) { peer.send(packet(0, refusal(1040, text))); });
    const auto error = refused(server);
    EXPECT_EQ(error.code, code);
    EXPECT_TRUE(error.retryable);
    EXPECT_THAT(error.message, HasSubstr(text));
  }
}

TEST_F(OpenMysql, ExplainsARefusedToken) {
  ScriptedServer server([&](Peer& peer) {
    start(peer, server_);
    peer.send(packet(2, ask_for("mysql_clear_password")));
    receive_packet(peer);
    peer.send(packet(4, refusal(1045, "Access denied for user 'app_rw'@'10.0.0.1' (using password: NO)")));
  });
  const auto opened = open(login_for(server));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "iam_token_refused");
  EXPECT_THAT(opened.error().message, HasSubstr("a token was sent"));
  expect_no_secret(opened.error());
}

TEST_F(OpenMysql, SurvivesNonsense) {
  for (const std::string& nonsense :
       {"HTTP/1.1 400 Bad Request\r\n\r\n"s, packet(0, "\x0A"), packet(0, ""), packet(0, "\xFF"),
        "\xFF\xFF\xFF\0"s, packet(0, "\x0A" + std::string(200, 'A')), packet(0, std::string(100, '\0'))}) {
    ScriptedServer server([&](Peer& peer) {
      peer.send(nonsense);
      throw PeerGone("hangs up");
    });
    const auto error = refused(server);
    EXPECT_FALSE(error.code.empty());
  }
}

TEST_F(OpenMysql, HandsOutAnOrdinarySessionWithoutLocalFiles) {
  std::string file;
  ScriptedServer server([&](Peer& peer) {
    start(peer, server_);
    peer.send(packet(2, welcome()));
    receive_packet(peer);  // COM_QUERY
    peer.send(packet(1, "\xFB/etc/passwd"));
    file = receive_packet(peer);
    peer.send(packet(3, welcome()));
  });
  auto opened = open(login_for(server));
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ((*opened)->net.max_packet_size, 1UL << 30);
  EXPECT_NE(::mysql_query(opened->get(), "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t"), 0);
  opened->reset();
  server.finish();
  EXPECT_EQ(file, "");
}

}  // namespace
}  // namespace rolegate::connect

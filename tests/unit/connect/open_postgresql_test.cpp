#include <array>
#include <cstdlib>

#include <libpq-fe.h>

#include "unit/connect/connect_fixture.hpp"

namespace rolegate::connect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string int32(std::size_t value) {
  const std::array<char, 4> bytes = {static_cast<char>(value >> 24), static_cast<char>(value >> 16),
                                     static_cast<char>(value >> 8), static_cast<char>(value)};
  return {bytes.data(), bytes.size()};
}
std::size_t read_int32(std::string_view bytes) {
  std::size_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}
std::string message(char type, const std::string& content) {
  return type + int32(content.size() + 4) + content;
}
std::string ask_for_cleartext() { return message('R', int32(3)); }
std::string welcome() { return message('R', int32(0)) + message('Z', "I"); }
std::string refusal(const std::string& sqlstate, const std::string& text) {
  using std::string_literals::operator""s;
  return message('E', "SFATAL\0VFATAL\0C"s + sqlstate + "\0M"s + text + "\0Fauth.c\0L334\0Rauth_failed\0\0"s);
}

/// The beginning of every script: SSLRequest, 'S', TLS, StartupMessage.
std::string startup(Peer& peer, const test::Identity& identity) {
  peer.receive(8);
  peer.send("S");
  peer.start_tls(identity);
  const std::string size = peer.receive(4);
  return peer.receive(read_int32(size) - 4);
}
std::string password(Peer& peer) {
  const std::string head = peer.receive(5);
  std::string text = peer.receive(read_int32(std::string_view(head).substr(1)) - 4);
  text.pop_back();
  return text;
}

class OpenPostgresql : public ConnectTest {
 protected:
  base::Result<PgConnection> open(const login::Login& login, std::chrono::milliseconds time = kLong) {
    return open_postgresql(login, environment_, base::Deadline::in(time), &steps_);
  }
  /// The error of a login that must not have given anything away.
  base::Error refused(ScriptedServer& server, std::chrono::milliseconds time = kLong) {
    const auto opened = open(login_to(server, config::Engine::postgresql), time);
    EXPECT_FALSE(opened);
    if (opened) return {};
    EXPECT_THAT(server.in_clear(), Not(HasSubstr("canary")));
    EXPECT_THAT(server.in_tls(), Not(HasSubstr("canary")));
    expect_no_secret(opened.error());
    return opened.error();
  }
  login::Steps steps_;
};

TEST_F(OpenPostgresql, GivesTheTokenToAVerifiedServerElsewhere) {
  std::string given;
  ScriptedServer server([&](Peer& peer) {
    startup(peer, server_);
    peer.send(ask_for_cleartext());
    given = password(peer);
    peer.send(welcome());
  });
  const auto opened = open(login_to(server, config::Engine::postgresql));
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(::PQstatus(opened->get()), CONNECTION_OK);
  EXPECT_THAT(steps_of(steps_), ElementsAre("resolve", "tcp", "tls", "handshake"));
  EXPECT_THAT(steps_.all()[1].detail, "127.0.0.1");
  EXPECT_THAT(steps_.all()[2].detail, StartsWith("TLSv1.3 TLS_"));
  EXPECT_THAT(server.connections(), 1);
  const_cast<PgConnection&>(*opened).reset();
  EXPECT_EQ(server.in_clear().size(), 8U);
  EXPECT_EQ(given, token_);
}

TEST_F(OpenPostgresql, SendsOnlyStartupParametersThatRedshiftAndRdsProxyTake) {
  std::string parameters;
  ScriptedServer server([&](Peer& peer) {
    parameters = startup(peer, server_).substr(4);
    peer.send(ask_for_cleartext());
    password(peer);
    peer.send(welcome());
  });
  ASSERT_TRUE(open(login_to(server, config::Engine::redshift)));
  server.finish();
  using std::string_literals::operator""s;
  EXPECT_EQ(parameters,
            "user\0app_rw\0database\0app\0application_name\0rolegate\0client_encoding\0UTF8\0\0"s);
}

TEST_F(OpenPostgresql, IsNotLedAstrayByTheEnvironment) {
  ScriptedServer server([&](Peer& peer) {
    startup(peer, server_);
    peer.send(ask_for_cleartext());
    password(peer);
    peer.send(welcome());
  });
  const std::array<std::array<const char*, 2>, 8> variables = {{{"PGHOSTADDR", "192.0.2.1"},
                                                                {"PGHOST", "elsewhere.example.com"},
                                                                {"PGPORT", "1"},
                                                                {"PGSSLMODE", "disable"},
                                                                {"PGSSLROOTCERT", "/nowhere"},
                                                                {"PGTARGETSESSIONATTRS", "standby"},
                                                                {"PGCHANNELBINDING", "require"},
                                                                {"PGREQUIREPEER", "nobody"}}};
  for (const auto& [name, value] : variables) ::setenv(name, value, 1);
  const auto opened = open(login_to(server, config::Engine::postgresql));
  for (const auto& [name, value] : variables) ::unsetenv(name);
  EXPECT_TRUE(opened) << opened.error().text();
}

TEST_F(OpenPostgresql, RefusesACertificateForAnotherName) {
  const test::Identity other = test::make_identity("elsewhere.example.com", &ca_);
  ScriptedServer server([&](Peer& peer) { startup(peer, other); });
  const auto error = refused(server);
  EXPECT_EQ(error.code, "tls_verification_failed");
  EXPECT_THAT(error.message, HasSubstr("not for " + std::string(kHost)));
  EXPECT_THAT(error.hint, HasSubstr("connect_to"));
  EXPECT_THAT(steps_of(steps_), ElementsAre("resolve", "tcp", "tls tls_verification_failed"));
}

TEST_F(OpenPostgresql, RefusesACertificateOfAnUnknownCa) {
  const test::Identity stranger = test::make_identity("Test CA");
  const test::Identity other = test::make_identity(std::string(kHost), &stranger);
  ScriptedServer server([&](Peer& peer) { startup(peer, other); });
  const auto error = refused(server);
  EXPECT_EQ(error.code, "tls_verification_failed");
  EXPECT_THAT(error.hint, HasSubstr("sslrootcert " + ca_file_));
}

TEST_F(OpenPostgresql, SaysOfEachCertificateWhatIsWrongWithIt) {
  for (const Faulty& one : faulty()) {
    ScriptedServer server([&](Peer& peer) { startup(peer, one.identity); });
    const auto error = refused(server);
    EXPECT_EQ(error.code, "tls_verification_failed");
    for (const std::string& words : one.message) EXPECT_THAT(error.message, HasSubstr(words));
    EXPECT_THAT(error.hint, HasSubstr(one.hint));
  }
}

TEST_F(OpenPostgresql, TellsARefusalOfTlsFromNoTlsAtAll) {
  for (const auto& [bytes, words] : what_is_no_tls()) {
    ScriptedServer server([&](Peer& peer) {
      peer.receive(8);
      peer.send("S");
      peer.receive(5);
      peer.send(bytes);
    });
    const auto error = refused(server);
    EXPECT_EQ(error.code, "tls_failed");
    EXPECT_THAT(error.message, HasSubstr(words));
  }
  ScriptedServer http([](Peer& peer) {
    peer.receive(8);
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  EXPECT_THAT(refused(http).message, HasSubstr("does not speak TLS"));
}

TEST_F(OpenPostgresql, RequireEncryptsWithoutVerifying) {
  const test::Identity stranger = test::make_identity("Test CA");
  const test::Identity other = test::make_identity("elsewhere.example.com", &stranger);
  ScriptedServer server([&](Peer& peer) {
    startup(peer, other);
    peer.send(welcome());
  });
  login::Login login = login_to(server, config::Engine::postgresql);
  login.ssl_mode = config::SslMode::require;
  EXPECT_TRUE(open(login));
}

TEST_F(OpenPostgresql, VerifyCaLeavesTheNameOut) {
  const test::Identity other = test::make_identity("elsewhere.example.com", &ca_);
  ScriptedServer server([&](Peer& peer) {
    startup(peer, other);
    peer.send(welcome());
  });
  login::Login login = login_to(server, config::Engine::postgresql);
  login.ssl_mode = config::SslMode::verify_ca;
  EXPECT_TRUE(open(login));
}

TEST_F(OpenPostgresql, RefusesAServerWithoutTls) {
  ScriptedServer server([](Peer& peer) {
    peer.receive(8);
    peer.send("N" + ask_for_cleartext());
  });
  EXPECT_EQ(refused(server).code, "tls_not_offered");
}

TEST_F(OpenPostgresql, RefusesARequestForThePasswordInsteadOfTls) {
  ScriptedServer server([](Peer& peer) {
    peer.receive(8);
    peer.send(ask_for_cleartext());
  });
  EXPECT_EQ(refused(server).code, "tls_failed");
}

TEST_F(OpenPostgresql, RefusesBytesAddedBeforeTls) {
  ScriptedServer server([&](Peer& peer) {
    peer.receive(8);
    peer.send("S" + ask_for_cleartext());
    peer.start_tls(server_);
  });
  EXPECT_EQ(refused(server).code, "bytes_before_tls");
}

TEST_F(OpenPostgresql, SaysInWhichStepTheTimeRanOut) {
  ScriptedServer silent([](Peer&) {});
  EXPECT_EQ(refused(silent, kShort).code, "connect_timeout");
  EXPECT_THAT(steps_of(steps_), ElementsAre("resolve", "tcp", "tls connect_timeout"));

  steps_ = {};
  ScriptedServer no_handshake([](Peer& peer) {
    peer.receive(8);
    peer.send("S");
  });
  EXPECT_THAT(refused(no_handshake, kShort).message, HasSubstr("did not finish TLS"));

  steps_ = {};
  ScriptedServer no_login([&](Peer& peer) { startup(peer, server_); });
  EXPECT_THAT(refused(no_login, kLong / 10).message, HasSubstr("did not answer the login"));
  EXPECT_THAT(steps_of(steps_), ElementsAre("resolve", "tcp", "tls", "handshake connect_timeout"));
}

TEST_F(OpenPostgresql, ExplainsARefusedToken) {
  ScriptedServer server([&](Peer& peer) {
    startup(peer, server_);
    peer.send(ask_for_cleartext());
    password(peer);
    peer.send(refusal("28000", "PAM authentication failed for user \"app_rw\""));
  });
  const auto opened = open(login_to(server, config::Engine::postgresql));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "iam_token_refused");
  EXPECT_THAT(opened.error().message,
              HasSubstr("PAM authentication failed for user \"app_rw\" (SQLSTATE 28000)"));
  EXPECT_THAT(opened.error().message, Not(HasSubstr("LOCATION")));
  EXPECT_THAT(opened.error().hint, HasSubstr("GRANT rds_iam TO \"app_rw\""));
  expect_no_secret(opened.error());
}

// libpq would answer with a hash of the token.
TEST_F(OpenPostgresql, MakesNothingOfATokenThatIsNotAskedFor) {
  using std::string_literals::operator""s;
  const std::string md5 = message('R', int32(5) + "salt");
  const std::string sasl = message('R', int32(10) + "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"s);
  for (const std::string& request : {md5, sasl}) {
    std::string answer;
    ScriptedServer server([&](Peer& peer) {
      startup(peer, server_);
      peer.send(request);
      answer = peer.receive(1);
    });
    const auto error = refused(server);
    server.finish();
    EXPECT_EQ(answer, "");
    EXPECT_EQ(error.code, "iam_token_refused");
    EXPECT_THAT(error.message,
                HasSubstr(request == md5 ? "asks for MD5 authentication, not for an IAM token"
                                         : "asks for SASL authentication, not for an IAM token"));
    EXPECT_THAT(error.hint, HasSubstr("GRANT rds_iam TO \"app_rw\""));
  }
}

// libpq reads on by itself: what follows would not be seen before it has been answered.
TEST_F(OpenPostgresql, TakesNothingButAWholeRequestForAToken) {
  const std::string md5 = message('R', int32(5) + "salt");
  for (const auto& [first, then] :
       {std::pair{message('v', int32(196608) + int32(0)) + md5, std::string()},
        std::pair{message('N', std::string(1, '\0')), md5},
        std::pair{message('R', int32(7)) + md5, std::string()}, std::pair{md5.substr(0, 5), md5.substr(5)},
        std::pair{md5.substr(0, 1), std::string()}}) {
    std::string answer;
    ScriptedServer server([&](Peer& peer) {
      startup(peer, server_);
      peer.send(first);
      if (!then.empty()) peer.send(then);
      answer = peer.receive(1);
    });
    const auto error = refused(server);
    server.finish();
    EXPECT_EQ(answer, "");
    EXPECT_EQ(error.code,
              first.front() == 'R' && first.size() > 8 ? "iam_token_refused" : "connection_failed");
    EXPECT_THAT(error.message, Not(HasSubstr("did not answer"))) << "it has waited";
    expect_no_secret(error);
  }
}

TEST_F(OpenPostgresql, AnswersWithAHashOfAPassword) {
  for (const config::Kind kind : {config::Kind::password, config::Kind::redshift_provisioned}) {
    std::string answer;
    ScriptedServer server([&](Peer& peer) {
      startup(peer, server_);
      peer.send(message('R', int32(5) + "salt"));
      answer = password(peer);
      peer.send(welcome());
    });
    login::Login login = login_to(server, config::Engine::postgresql);
    login.kind = kind;
    EXPECT_TRUE(open(login));
    EXPECT_THAT(answer, StartsWith("md5"));
  }
}

TEST_F(OpenPostgresql, SaysWhenNobodyListens) {
  auto server = std::make_unique<ScriptedServer>([](Peer&) {});
  const login::Login login = login_to(*server, config::Engine::postgresql);
  server.reset();
  const auto opened = open(login);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, "connect_failed");
  EXPECT_TRUE(opened.error().retryable);
  EXPECT_THAT(opened.error().message, HasSubstr("Connection refused"));
}

}  // namespace
}  // namespace rolegate::connect

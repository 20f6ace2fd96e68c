#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mysql_bytes.hpp"
#include "mysql_conversation.hpp"
#include "mysql_reference_client.hpp"
#include "wire/mysql/clear_password.hpp"
#include "wire/mysql/server_login.hpp"

// Single packets, written by hand: what a login takes, and what it refuses.

namespace rolegate::wire::mysql {
namespace {

using Event = ServerLogin::Event;
using testing::HasSubstr;

ServerLogin plain_login(ServerLogin::Options options = {}) {
  static Alphabet random;
  options.greeting.server_version = "8.0.36";
  options.greeting.capabilities |= kLongPassword | kConnectAttrs | kDeprecateEof;
  ServerLogin login(std::move(options), random);
  (void)login.take_output();
  return login;
}

std::string response_of(std::string_view user, Capabilities more = 0, std::string_view schema = "") {
  const Capabilities capabilities = kLongPassword | kProtocol41 | kSecureConnection | kPluginAuth | more |
                                    (schema.empty() ? 0 : kConnectWithDb);
  return le(capabilities, 4) + le(0, 4) + "\x2D" + std::string(23, '\0') + std::string(user) + "\0\0"s +
         (schema.empty() ? "" : std::string(schema) + '\0') + "caching_sha2_password\0"s;
}

void expect_failure(ServerLogin& login, std::string_view bytes, std::uint16_t code,
                    std::string_view sqlstate) {
  EXPECT_EQ(login.receive(bytes), Event::failed);
  const std::string output = login.take_output();
  ASSERT_GT(output.size(), 4U);
  const auto error = parse_error(std::string_view(output).substr(4));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, code);
  EXPECT_EQ(error->sqlstate, sqlstate);
  EXPECT_EQ(error->message, login.reason());
  EXPECT_EQ(login.receive("anything"), Event::failed);
  EXPECT_EQ(login.take_output(), "");
}

TEST(MysqlServerLogin, GreetsAsTheUpstreamWithItsOwnLegsCapabilities) {
  Alphabet random;
  ServerLogin::Options options;
  options.greeting = *parse_greeting(mariadb_greeting());
  options.greeting.capabilities = relayed(options.greeting.capabilities);
  options.greeting.connection_id = 4711;
  for (const bool tls : {false, true}) {
    options.tls_offered = tls;
    ServerLogin login(options, random);
    const std::string output = login.take_output();
    EXPECT_EQ(output.substr(3, 1), "\0"s);
    const auto greeting = parse_greeting(output.substr(4));
    ASSERT_TRUE(greeting);
    EXPECT_EQ(greeting->server_version, "5.5.5-10.11.19-MariaDB-0+deb12u1");
    EXPECT_EQ(greeting->connection_id, 4711U);
    EXPECT_EQ(greeting->auth_plugin, "caching_sha2_password");
    EXPECT_EQ(greeting->scramble, tls ? kSecondScramble : kFirstScramble);
    EXPECT_EQ(greeting->capabilities, relayed(options.greeting.capabilities) | kProtocol41 |
                                          kSecureConnection | kPluginAuth | kPluginAuthLenencClientData |
                                          kConnectWithDb | (tls ? kSsl : 0));
    EXPECT_NE(greeting->capabilities & kMariaDbExtended, 0U);
    EXPECT_EQ(login.take_output(), "");
  }
}

TEST(MysqlServerLogin, RefusesAnEmptyPasswordBehindAResponse) {
  ServerLogin login = plain_login({.greeting = {}, .unix_socket = true});
  std::string response = response_of("alice");
  response.replace(32 + 6, 1, "\x20" + std::string(32, 'x'));
  ASSERT_EQ(login.receive(packet(1, response)), Event::startup);
  ASSERT_EQ(login.ask_password(known_by(true, true, true)), Event::more);
  EXPECT_EQ(login.receive(packet(3, "\0"sv)), Event::no_password);
}

TEST(MysqlServerLogin, SaysWhetherTheClientHasAnswered) {
  ServerLogin login = plain_login();
  std::string response = response_of("alice");
  response.replace(32 + 6, 1, "\x20" + std::string(32, 'x'));
  ASSERT_EQ(login.receive(packet(1, response)), Event::startup);
  EXPECT_TRUE(login.has_answered());
  (void)login.ask_password({});
  EXPECT_FALSE(login.has_answered()) << "what it answered has been looked at";
}

TEST(MysqlServerLogin, KnowsComQuitFromALogin) {
  ServerLogin early = plain_login();
  EXPECT_EQ(early.receive(packet(0, "\1")), Event::quit);
  // HAProxy's mysql-check sends it right behind a login that answers nothing.
  ServerLogin checked = plain_login({.greeting = {}, .unix_socket = true});
  (void)checked.take_output();
  std::string response = response_of("haproxy");
  response.replace(response.find(kCachingSha2Password), kCachingSha2Password.size(), kNativePassword);
  ASSERT_EQ(checked.receive(packet(1, response) + packet(0, "\1")), Event::startup);
  EXPECT_FALSE(checked.has_answered());
  EXPECT_EQ(checked.ask_password({}), Event::quit);
  EXPECT_EQ(checked.receive("more"), Event::quit);
}

TEST(MysqlServerLogin, RefusesClientsFromBeforeProtocol41) {
  ServerLogin login = plain_login();
  expect_failure(login, packet(1, le(0x2001, 2) + le(0, 3) + "root\0\0"s + std::string(40, '\0')), 1251, "");
}

TEST(MysqlServerLogin, RefusesWhatIsNoMysql) {
  ServerLogin login = plain_login();
  expect_failure(login, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1153, "");
}

TEST(MysqlServerLogin, RefusesOldPasswords) {
  ServerLogin login = plain_login();
  std::string response = response_of("alice");
  response[1] = static_cast<char>(response[1] & 0x7F);  // CLIENT_SECURE_CONNECTION
  expect_failure(login, packet(1, response), 1251, "08004");
}

TEST(MysqlServerLogin, RefusesTlsThatItDoesNotOffer) {
  ServerLogin login = plain_login();
  expect_failure(login, packet(1, response_of("", kSsl).substr(0, 32)), 1043, "08S01");
}

TEST(MysqlServerLogin, RefusesALoginThatAnnouncesTlsAndDoesWithout) {
  ServerLogin login = plain_login({.greeting = {}, .tls_offered = true});
  expect_failure(login, packet(1, response_of("alice", kSsl)), 1043, "08S01");
}

TEST(MysqlServerLogin, RefusesALoginWithoutTlsWhereItIsRequired) {
  ServerLogin login = plain_login({.greeting = {}, .tls_offered = true, .tls_required = true});
  expect_failure(login, packet(1, response_of("alice")), 3159, "HY000");
}

TEST(MysqlServerLogin, GivesBackWhatIsTls) {
  // A client does not wait for an answer to its SSLRequest.
  const std::string request = packet(1, response_of("", kSsl).substr(0, 32));
  ServerLogin login = plain_login({.greeting = {}, .tls_offered = true});
  EXPECT_EQ(login.receive(request + "\x16\x03\x01"), Event::start_tls);
  EXPECT_EQ(login.take_output(), "");
  EXPECT_EQ(login.take_rest(), "\x16\x03\x01");
  EXPECT_EQ(login.tls_started(), Event::more);
  EXPECT_EQ(login.receive(packet(2, response_of("alice", kSsl))), Event::startup);
}

TEST(MysqlServerLogin, WaitsForNoRestOfWhatIsNoLogin) {
  const std::string client_hello = "\x16\x03\x01\x02";  // as a header: 66,326 bytes, the second packet
  ServerLogin login = plain_login({.greeting = {}, .tls_offered = true});
  EXPECT_EQ(login.receive(client_hello.substr(0, 3)), Event::more);
  EXPECT_EQ(login.receive(client_hello.substr(3)), Event::failed);
  EXPECT_EQ(login.reason(), "The client sent packets out of order.");
}

TEST(MysqlServerLogin, LetsNoBytesInTheClearCountAsTls) {
  const std::string request = packet(1, response_of("", kSsl).substr(0, 32));
  const std::string more = packet(2, response_of("alice", kSsl));
  for (std::size_t size = 1; size <= more.size(); ++size) {
    ServerLogin at_once = plain_login({.greeting = {}, .tls_offered = true});
    EXPECT_EQ(at_once.receive(request + more.substr(0, size)), Event::start_tls);
    EXPECT_EQ(at_once.tls_started(), Event::failed);
    EXPECT_THAT(at_once.reason(), HasSubstr("in the clear"));
    EXPECT_EQ(at_once.take_output(), "") << "the client is in TLS already";
    ServerLogin later = plain_login({.greeting = {}, .tls_offered = true});
    EXPECT_EQ(later.receive(request), Event::start_tls);
    EXPECT_EQ(later.receive(more.substr(0, size)), Event::more);
    EXPECT_EQ(later.tls_started(), Event::failed);
  }
}

TEST(MysqlServerLogin, RefusesASecondSslRequest) {
  ServerLogin login = plain_login({.greeting = {}, .tls_offered = true});
  EXPECT_EQ(login.receive(packet(1, response_of("", kSsl).substr(0, 32))), Event::start_tls);
  EXPECT_EQ(login.tls_started(), Event::more);
  expect_failure(login, packet(2, response_of("", kSsl).substr(0, 32)), 1043, "08S01");
}

TEST(MysqlServerLogin, TakesUserNamesOfUpTo256Bytes) {
  ServerLogin fits = plain_login();
  EXPECT_EQ(fits.receive(packet(1, response_of(std::string(256, 'u')))), Event::startup);
  ServerLogin empty = plain_login();
  EXPECT_EQ(empty.receive(packet(1, response_of(""))), Event::startup);
  ServerLogin too_long = plain_login();
  expect_failure(too_long, packet(1, response_of(std::string(257, 'u'))), 1043, "08S01");
}

TEST(MysqlServerLogin, RefusesNamesThatAreNoText) {
  for (const std::string_view name : {"\xFF", "a\x80", "a\nb", "\x7F", "\xC2\x85"}) {
    ServerLogin user = plain_login();
    expect_failure(user, packet(1, response_of(name)), 1043, "08S01");
    ServerLogin schema = plain_login();
    expect_failure(schema, packet(1, response_of("alice", 0, name)), 1043, "08S01");
  }
  ServerLogin schema = plain_login();
  expect_failure(schema, packet(1, response_of("alice", 0, std::string(1025, 's'))), 1043, "08S01");
}

TEST(MysqlServerLogin, PromisesNothingThatWasNotOffered) {
  ServerLogin login = plain_login();
  EXPECT_EQ(login.receive(packet(1, response_of("alice", kDeprecateEof | kMultiStatements | kCompress))),
            Event::startup);
  EXPECT_EQ(login.startup().capabilities,
            kLongPassword | kDeprecateEof | kProtocol41 | kSecureConnection | kPluginAuth);
}

TEST(MysqlServerLogin, TakesNoPasswordInTheClearWithoutTls) {
  ServerLogin login = plain_login({.greeting = {}, .rsa_key = &test_key()});
  std::string response = response_of("alice");
  response.replace(32 + 6, 1, "\x20" + std::string(32, 'x'));
  ASSERT_EQ(login.receive(packet(1, response)), Event::startup);
  EXPECT_EQ(login.ask_password(known_by(false, true, false)), Event::more);
  EXPECT_EQ(login.take_output(), packet(2, "\x01\x04"));
  expect_failure(login, packet(3, std::string(kPassword) + '\0'), 1043, "08S01");
  EXPECT_THAT(login.reason(), HasSubstr("--skip-ssl"));
}

TEST(MysqlServerLogin, TakesAPasswordInAnyOfItsFormsWhereNobodyListens) {
  const std::string pem = public_key_pem(test_key());
  const std::string longest(255, 'p');
  for (const auto& [form, password] :
       {std::pair{"pw\0"s, "pw"s}, std::pair{encrypt_password(pem, kFirstScramble, "pw"), "pw"s},
        std::pair{longest + '\0', longest}}) {
    Alphabet random;
    ServerLogin::Options options;
    options.unix_socket = true;
    options.rsa_key = &test_key();
    ServerLogin login(options, random);
    (void)login.take_output();
    std::string response = response_of("alice");
    response.replace(32 + 6, 1, "\x20" + std::string(32, 'x'));
    ASSERT_EQ(login.receive(packet(1, response)), Event::startup);
    ASSERT_EQ(login.ask_password({}), Event::more);
    EXPECT_EQ(login.receive(packet(3, form)), Event::check_password);
    EXPECT_EQ(login.password().reveal(), password);
  }
}

TEST(MysqlServerLogin, TakesAPasswordEncryptedWithAKeyThatTheClientHad) {
  Alphabet random;
  ServerLogin::Options options;
  options.greeting.server_version = "8";
  options.rsa_key = &test_key();
  ServerLogin login(options, random);
  (void)login.take_output();
  std::string response = response_of("alice");
  response.replace(32 + 6, 1, "\x20" + std::string(32, 'x'));
  ASSERT_EQ(login.receive(packet(1, response)), Event::startup);
  ASSERT_EQ(login.ask_password({}), Event::more);
  const std::string pem = public_key_pem(test_key());
  EXPECT_EQ(login.receive(packet(3, encrypt_password(pem, kFirstScramble, "pw"))), Event::check_password);
  EXPECT_EQ(login.password().reveal(), "pw");
  EXPECT_EQ(login.password_checked(false), Event::refused);
  EXPECT_TRUE(login.password().empty());
}

TEST(MysqlServerLogin, GivesItsKeyOnAUnixSocketToo) {
  // MariaDB Connector/J asks for it wherever there is no TLS.
  ServerLogin login = plain_login({.greeting = {}, .unix_socket = true, .rsa_key = &test_key()});
  std::string response = response_of("alice");
  response.replace(32 + 6, 1, "\x20" + std::string(32, 'x'));
  ASSERT_EQ(login.receive(packet(1, response)), Event::startup);
  ASSERT_EQ(login.ask_password({}), Event::more);
  (void)login.take_output();
  EXPECT_EQ(login.receive(packet(3, "\x02")), Event::more);
  EXPECT_EQ(login.take_output(), packet(4, "\x01" + public_key_pem(test_key())));
}

TEST(MysqlServerLogin, TakesLibmysqlclientsEmptyPassword) {
  ServerLogin login = plain_login({.greeting = {}, .unix_socket = true});
  std::string response = response_of("alice");
  response.replace(32 + 6, 1, "\x01\x00"s);
  ASSERT_EQ(login.receive(packet(1, response)), Event::startup);
  EXPECT_FALSE(login.has_answered());
  EXPECT_EQ(login.ask_password(known_by(true, true, true)), Event::no_password);
  EXPECT_EQ(login.take_output(), "");
  EXPECT_EQ(login.error({1045, "28000", "no"}), packet(2, "\xFF\x15\x04#28000no"));
}

TEST(MysqlServerLogin, FramesErrorsAsTheClientExpectsThem) {
  ServerLogin early = plain_login();
  EXPECT_EQ(early.error({1040, "08004", "Too many connections"}),
            packet(1, "\xFF\x10\x04Too many connections"));
  ServerLogin later = plain_login();
  ASSERT_EQ(later.receive(packet(1, response_of("alice"))), Event::startup);
  EXPECT_EQ(later.error({1049, "42000", "x"}), packet(2, "\xFF\x19\x04#42000x"));
}

TEST(MysqlServerLogin, KeepsWhatComesBehindTheLogin) {
  ServerLogin login = plain_login({.greeting = {}, .unix_socket = true});
  EXPECT_EQ(login.receive(packet(1, response_of("alice")) + "\1\0\0\0"s), Event::startup);
  EXPECT_EQ(login.trust(), Event::authenticated);
  EXPECT_EQ(login.receive("\x0E"), Event::authenticated);
  EXPECT_EQ(login.take_rest(), "\1\0\0\0\x0E"s);
  EXPECT_EQ(login.take_rest(), "");
}

TEST(MysqlServerLogin, StopsAClientThatSendsWithoutWaiting) {
  ServerLogin login = plain_login();
  ASSERT_EQ(login.receive(packet(1, response_of("alice"))), Event::startup);
  const std::string chunk(4096, 'x');
  Event event = Event::more;
  std::size_t sent = 0;
  for (; event == Event::more && sent < 1 << 20; sent += chunk.size()) event = login.receive(chunk);
  EXPECT_EQ(event, Event::failed);
  EXPECT_LE(sent, ServerLogin::kMaxPacket + 2 * chunk.size());
}

/// A client inside TLS that answers for `plugin`, with a password, before it is asked.
ServerLogin answered_login(std::string_view plugin, std::string_view answer) {
  ServerLogin login = plain_login({.greeting = {}, .unix_socket = true});
  std::string response = response_of("alice");
  const std::size_t at = response.find(kCachingSha2Password);
  EXPECT_NE(at, std::string::npos);
  response.replace(at, kCachingSha2Password.size(), plugin);
  response.replace(32 + 6, 1, std::string(1, static_cast<char>(answer.size())).append(answer));
  EXPECT_EQ(login.receive(packet(1, response)), Event::startup);
  EXPECT_EQ(login.guesses(), 0U);
  return login;
}

TEST(MysqlServerLogin, CountsAnAnswerAsSoonAsTheClientIsAskedForAnother) {
  for (unsigned known = 0; known < 8; ++known) {
    const PasswordVerifiers verifiers = known_by(known & 1, known & 2, known & 4);
    ServerLogin fast = answered_login(kCachingSha2Password, std::string(32, 'x'));
    ASSERT_EQ(fast.ask_password(verifiers), Event::more);
    EXPECT_EQ(fast.take_output(), packet(2, "\x01\x04"));
    EXPECT_EQ(fast.guesses(), 1U);
    ServerLogin native = answered_login(kNativePassword, std::string(20, 'x'));
    ASSERT_EQ(native.ask_password(verifiers), Event::more);
    EXPECT_THAT(native.take_output(), HasSubstr("caching_sha2_password"));
    EXPECT_EQ(native.guesses(), 1U);
  }
}

TEST(MysqlServerLogin, CountsEachPasswordOfOneLogin) {
  ServerLogin login = answered_login(kNativePassword, std::string(20, 'x'));
  ASSERT_EQ(login.ask_password(known_by(true, true, true)), Event::more);
  ASSERT_EQ(login.receive(packet(3, std::string(32, 'y'))), Event::more);
  EXPECT_EQ(login.guesses(), 2U);
  ASSERT_EQ(login.receive(packet(5, "wrong\0"s)), Event::check_password);
  EXPECT_EQ(login.password_checked(false), Event::refused);
  EXPECT_EQ(login.guesses(), 3U);
}

TEST(MysqlServerLogin, CountsNoAnswerThatHasAPluginOfTheClientsOwnOrNone) {
  ServerLogin other = answered_login("client_ed25519", std::string(64, 'x'));
  ASSERT_EQ(other.ask_password(known_by(true, true, true)), Event::more);
  EXPECT_EQ(other.guesses(), 0U);
  ServerLogin none = answered_login(kNativePassword, "");
  ASSERT_EQ(none.ask_password(known_by(true, true, true)), Event::more);
  EXPECT_EQ(none.guesses(), 0U);
}

TEST(MysqlServerLogin, RefusesToBeDrivenOutOfTurn) {
  ServerLogin trusted = plain_login();
  EXPECT_EQ(trusted.trust(), Event::failed);
  ServerLogin asked = plain_login();
  EXPECT_EQ(asked.ask_password({}), Event::failed);
  ServerLogin checked = plain_login();
  EXPECT_EQ(checked.password_checked(true), Event::failed);
  ServerLogin tls = plain_login();
  EXPECT_EQ(tls.tls_started(), Event::failed);
}

}  // namespace
}  // namespace rolegate::wire::mysql

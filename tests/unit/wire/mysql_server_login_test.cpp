#include <functional>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mysql_bytes.hpp"
#include "mysql_conversation.hpp"
#include "mysql_reference_client.hpp"
#include "wire/mysql/clear_password.hpp"
#include "wire/mysql/server_login.hpp"

namespace rolegate::wire::mysql {
namespace {

using Event = ServerLogin::Event;
using Claims = ReferenceClient::Claims;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Claims kEveryClaim[] = {Claims::greetings_plugin, Claims::native, Claims::another, Claims::none};
constexpr Transport kEveryTransport[] = {Transport::tls, Transport::unix_socket, Transport::plain};

PasswordVerifiers known_by(bool native, bool full, bool fast) {
  PasswordVerifiers verifiers;
  if (native) verifiers.native = native_hash(kPassword);
  verifiers.full_check = full;
  if (fast) verifiers.fast_check = fast_check_of(kPassword);
  return verifiers;
}

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

TEST(MysqlServerLogin, LetsInWhoKnowsThePasswordByEveryWayThereIs) {
  for (const Transport transport : kEveryTransport) {
    for (const Claims claims : kEveryClaim) {
      for (const bool rsa : {false, true}) {
        for (unsigned known = 1; known < 8; ++known) {
          const bool native = (known & 1) != 0;
          const bool full = (known & 2) != 0;
          const bool fast = (known & 4) != 0;
          const bool sha2_possible = claims != Claims::none && (transport != Transport::plain || rsa);
          const bool can = claims == Claims::native || claims == Claims::none ? native : false;
          const bool expected =
              can || (sha2_possible            ? full || native || fast
                      : claims == Claims::none ? native
                                               : native || (claims == Claims::greetings_plugin && fast));
          const Conversation talk =
              converse({transport, rsa}, claims, kPassword, known_by(native, full, fast));
          EXPECT_EQ(talk.authenticated, expected)
              << "transport " << static_cast<int>(transport) << " claims " << static_cast<int>(claims)
              << " rsa " << rsa << " known " << known;
          EXPECT_FALSE(talk.client_confused);
          EXPECT_EQ(talk.seen.back(), expected ? "ok" : "error");
        }
      }
    }
  }
}

TEST(MysqlServerLogin, TreatsAWrongPasswordAndNobodyAlike) {
  for (const Transport transport : kEveryTransport) {
    for (const Claims claims : kEveryClaim) {
      for (const bool rsa : {false, true}) {
        const Conversation nobody = converse({transport, rsa}, claims, "wrong", {});
        EXPECT_FALSE(nobody.authenticated);
        EXPECT_FALSE(nobody.client_confused);
        for (unsigned known = 1; known < 8; ++known) {
          const Conversation somebody =
              converse({transport, rsa}, claims, "wrong", known_by(known & 1, known & 2, known & 4));
          EXPECT_FALSE(somebody.authenticated);
          EXPECT_EQ(somebody.seen, nobody.seen);
          EXPECT_EQ(somebody.checks, nobody.checks);
          EXPECT_EQ(somebody.reason, nobody.reason);
        }
      }
    }
  }
}

TEST(MysqlServerLogin, RefusesEmptyPasswordsWithoutAsking) {
  PasswordVerifiers empty;
  empty.native = native_hash("");
  empty.fast_check = fast_check_of("");
  empty.full_check = true;
  for (const Transport transport : kEveryTransport) {
    for (const Claims claims : kEveryClaim) {
      for (const bool rsa : {false, true}) {
        const Conversation talk = converse({transport, rsa}, claims, "", empty, "");
        EXPECT_FALSE(talk.authenticated);
        EXPECT_EQ(talk.checks, 0);
        EXPECT_EQ(talk.reason, "the client sent no password");
      }
    }
  }
}

TEST(MysqlServerLogin, TakesTheShortestWay) {
  const auto seen = [](Transport transport, bool rsa, Claims claims, const PasswordVerifiers& verifiers) {
    return converse({transport, rsa}, claims, kPassword, verifiers).seen;
  };
  const PasswordVerifiers all = known_by(true, true, true);
  const PasswordVerifiers full = known_by(false, true, false);
  const PasswordVerifiers native = known_by(true, false, false);
  const std::string to_sha2 = "switch to caching_sha2_password";
  const std::string to_native = "switch to mysql_native_password";
  EXPECT_THAT(seen(Transport::tls, false, Claims::greetings_plugin, all), ElementsAre("fast", "ok"));
  EXPECT_THAT(seen(Transport::tls, false, Claims::greetings_plugin, full), ElementsAre("full", "ok"));
  EXPECT_THAT(seen(Transport::tls, false, Claims::greetings_plugin, native), ElementsAre("full", "ok"));
  EXPECT_THAT(seen(Transport::plain, true, Claims::greetings_plugin, full), ElementsAre("full", "key", "ok"));
  EXPECT_THAT(seen(Transport::plain, false, Claims::greetings_plugin, full), ElementsAre(to_native, "error"));
  EXPECT_THAT(seen(Transport::plain, false, Claims::greetings_plugin, all), ElementsAre("fast", "ok"));
  EXPECT_THAT(seen(Transport::tls, false, Claims::native, all), ElementsAre("ok"));
  EXPECT_THAT(seen(Transport::tls, false, Claims::native, full), ElementsAre(to_sha2, "full", "ok"));
  EXPECT_THAT(seen(Transport::plain, false, Claims::native, full), ElementsAre("error"));
  EXPECT_THAT(seen(Transport::unix_socket, false, Claims::another, all), ElementsAre(to_sha2, "fast", "ok"));
  EXPECT_THAT(seen(Transport::plain, false, Claims::another, native), ElementsAre(to_native, "ok"));
  EXPECT_THAT(seen(Transport::plain, true, Claims::none, native), ElementsAre("ok"));
  EXPECT_THAT(seen(Transport::tls, false, Claims::none, full), ElementsAre("error"));
}

TEST(MysqlServerLogin, GivesANewScrambleWithEverySwitch) {
  const Conversation talk =
      converse({Transport::tls, false}, Claims::another, kPassword, known_by(false, true, true));
  EXPECT_THAT(talk.received, HasSubstr("caching_sha2_password\0"s + std::string(kSecondScramble) + '\0'));
}

TEST(MysqlServerLogin, TakesTheOwnersWordWhereItCanCheck) {
  // Its own comparison with the native hash is for users of whom nothing else is known.
  PasswordVerifiers verifiers = known_by(false, true, false);
  verifiers.native = native_hash("another");
  EXPECT_FALSE(
      converse({Transport::tls, false}, Claims::greetings_plugin, "another", verifiers).authenticated);
}

TEST(MysqlServerLogin, RefusesAnEmptyPasswordBehindAResponse) {
  ServerLogin login = plain_login({.greeting = {}, .unix_socket = true});
  std::string response = response_of("alice");
  response.replace(32 + 6, 1, "\x20" + std::string(32, 'x'));
  ASSERT_EQ(login.receive(packet(1, response)), Event::startup);
  ASSERT_EQ(login.ask_password(known_by(true, true, true)), Event::more);
  EXPECT_EQ(login.receive(packet(3, "\0"sv)), Event::refused);
}

TEST(MysqlServerLogin, NamesTheMethodThatWasUsed) {
  const auto method = [](Claims claims, const PasswordVerifiers& verifiers) {
    return converse({Transport::tls, false}, claims, kPassword, verifiers).method;
  };
  EXPECT_EQ(method(Claims::greetings_plugin, known_by(true, true, true)), "caching_sha2_password");
  EXPECT_EQ(method(Claims::native, known_by(true, true, true)), "mysql_native_password");
  EXPECT_EQ(method(Claims::native, known_by(false, true, true)), "caching_sha2_password");
}

TEST(MysqlServerLogin, TrustsWithWhatTheClientTakesForAYes) {
  for (const Transport transport : kEveryTransport) {
    for (const Claims claims : kEveryClaim) {
      for (const std::string& password : {""s, kPassword}) {
        const Conversation talk = converse({transport, false, true}, claims, password, {});
        EXPECT_TRUE(talk.authenticated);
        EXPECT_FALSE(talk.client_confused);
        const bool fast = claims == Claims::greetings_plugin && !password.empty();
        EXPECT_EQ(talk.seen.size(), fast ? 2U : 1U);
        EXPECT_EQ(talk.seen.back(), "ok");
        EXPECT_EQ(talk.method, "");
      }
    }
  }
}

TEST(MysqlServerLogin, SaysWhoWantsWhat) {
  const Conversation talk =
      converse({Transport::tls, false}, Claims::greetings_plugin, kPassword, known_by(false, true, false));
  EXPECT_EQ(talk.startup.user, "alice");
  EXPECT_EQ(talk.startup.schema, "orders");
  EXPECT_EQ(talk.startup.character_set, 45);
  EXPECT_EQ(talk.startup.max_packet_size, 1U << 24);
  EXPECT_THAT(talk.startup.attributes, ElementsAre(std::pair<std::string, std::string>("k", "v")));
  EXPECT_EQ(talk.startup.capabilities & (kTransactions | kConnectAttrs | kMariaDbExtended),
            kTransactions | kConnectAttrs);
}

struct Flow {
  const char* name;
  Setting setting;
  Claims claims;
  PasswordVerifiers verifiers;
};

std::vector<Flow> every_flow() {
  const PasswordVerifiers fast = known_by(false, true, true);
  const PasswordVerifiers full = known_by(false, true, false);
  const PasswordVerifiers native = known_by(true, false, false);
  return {
      {"fast inside TLS", {Transport::tls, false}, Claims::greetings_plugin, fast},
      {"full inside TLS", {Transport::tls, false}, Claims::greetings_plugin, full},
      {"full, switched to", {Transport::tls, false}, Claims::another, full},
      {"full, unix socket", {Transport::unix_socket, true}, Claims::greetings_plugin, full},
      {"full, RSA", {Transport::plain, true}, Claims::greetings_plugin, full},
      {"native", {Transport::plain, false}, Claims::native, native},
      {"native, switched to", {Transport::plain, false}, Claims::another, native},
      {"native, no plugins", {Transport::plain, true}, Claims::none, native},
      {"trusted", {Transport::unix_socket, false, true}, Claims::greetings_plugin, {}},
  };
}

TEST(MysqlServerLogin, TakesEveryFlowByteByByte) {
  for (const Flow& flow : every_flow()) {
    const Conversation whole = converse(flow.setting, flow.claims, kPassword, flow.verifiers);
    ASSERT_TRUE(whole.authenticated) << flow.name;
    const Replay replay = replay_messages(flow.setting, flow.verifiers, whole.sent,
                                          [](Replay& running, std::string_view message) {
                                            for (const char byte : message) running.feed({&byte, 1});
                                          });
    EXPECT_EQ(replay.events, whole.events) << flow.name;
    EXPECT_EQ(replay.output, whole.received) << flow.name;
  }
}

TEST(MysqlServerLogin, TakesEveryFlowSplitAnywhere) {
  for (const Flow& flow : every_flow()) {
    const Conversation whole = converse(flow.setting, flow.claims, kPassword, flow.verifiers);
    for (std::size_t which = 0; which < whole.sent.size(); ++which) {
      for (std::size_t at = 1; at < whole.sent[which].size(); ++at) {
        std::size_t index = 0;
        const Replay replay = replay_messages(
            flow.setting, flow.verifiers, whole.sent, [&](Replay& running, std::string_view message) {
              const bool split = index++ == which;
              running.feed(message.substr(0, split ? at : std::string::npos));
              if (split) running.feed(message.substr(at));
            });
        EXPECT_EQ(replay.events, whole.events) << flow.name << which << " at " << at;
        EXPECT_EQ(replay.output, whole.received) << flow.name;
      }
    }
  }
}

/// Sends the flow with one message changed, and says whether it was let in nevertheless.
Replay with_change(const Flow& flow, const Conversation& whole, std::size_t which,
                   const std::function<std::string(std::string)>& change) {
  std::size_t index = 0;
  return replay_messages(
      flow.setting, flow.verifiers, whole.sent, [&](Replay& running, std::string_view message) {
        running.feed(index++ == which ? change(std::string(message)) : std::string(message));
      });
}

TEST(MysqlServerLogin, FailsWhenAStepIsOutOfOrder) {
  for (const Flow& flow : every_flow()) {
    const Conversation whole = converse(flow.setting, flow.claims, kPassword, flow.verifiers);
    for (std::size_t which = 0; which < whole.sent.size(); ++which) {
      const Replay replay = with_change(flow, whole, which, [](std::string message) {
        message[3] = static_cast<char>(message[3] + 1);
        return message;
      });
      EXPECT_EQ(replay.events.back(), Event::failed) << flow.name << which;
      EXPECT_EQ(replay.reason, "The client sent packets out of order.");
      EXPECT_THAT(replay.output, HasSubstr("\xFF\x84\x04"));
    }
  }
}

TEST(MysqlServerLogin, FailsWhenAStepIsTooLong) {
  for (const Flow& flow : every_flow()) {
    const Conversation whole = converse(flow.setting, flow.claims, kPassword, flow.verifiers);
    for (std::size_t which = 0; which < whole.sent.size(); ++which) {
      const Replay replay = with_change(
          flow, whole, which, [](std::string message) { return "\x01\x00\x01"s + message.substr(3, 1); });
      EXPECT_EQ(replay.events.back(), Event::failed) << flow.name << which;
      EXPECT_THAT(replay.reason, HasSubstr("too large"));
    }
  }
}

TEST(MysqlServerLogin, LetsNobodyInWhenAByteOfTheProofIsAnother) {
  for (const Flow& flow : every_flow()) {
    if (flow.setting.trusted) continue;
    const Conversation whole = converse(flow.setting, flow.claims, kPassword, flow.verifiers);
    const std::size_t last = whole.sent.size() - 1;
    // In a handshake response, only the proof itself: behind its length, behind the user's name.
    const std::size_t name = whole.sent[last].find("alice\0"s);
    const std::size_t from = name == std::string::npos ? 4 : name + 7;
    const std::size_t to =
        name == std::string::npos ? whole.sent[last].size() : whole.sent[last].find("orders\0"s);
    ASSERT_GT(to, from + 5);
    for (std::size_t at = from; at < to; ++at) {
      const Replay replay = with_change(flow, whole, last, [&](std::string message) {
        message[at] = static_cast<char>(message[at] ^ 0x10);
        return message;
      });
      EXPECT_NE(replay.events.back(), Event::authenticated) << flow.name << " at " << at;
    }
  }
}

TEST(MysqlServerLogin, LetsNobodyInByPartOfAStep) {
  for (const Flow& flow : every_flow()) {
    if (flow.setting.trusted) continue;
    const Conversation whole = converse(flow.setting, flow.claims, kPassword, flow.verifiers);
    for (std::size_t which = 0; which < whole.sent.size(); ++which) {
      // The attributes may be missing.
      const bool is_response = whole.sent[which].find("alice\0"s) != std::string::npos;
      const std::size_t whole_size = whole.sent[which].size() - 4 - (is_response ? 5 : 0);
      for (std::size_t size = 0; size < whole_size; ++size) {
        const Replay replay = with_change(flow, whole, which, [&](const std::string& message) {
          return packet(static_cast<unsigned char>(message[3]), message.substr(4, size));
        });
        EXPECT_THAT(replay.events.back(), testing::AnyOf(Event::failed, Event::refused, Event::more))
            << flow.name << which << " of size " << size;
      }
    }
  }
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

TEST(MysqlServerLogin, SaysHowMuchToReadSoThatNothingIsTls) {
  const std::string request = packet(1, response_of("", kSsl).substr(0, 32));
  for (std::size_t most = 1; most < 50; ++most) {
    ServerLogin login = plain_login({.greeting = {}, .tls_offered = true});
    std::string_view socket = request;
    Event event = Event::more;
    while (event == Event::more) {
      ASSERT_GT(login.wanted(), 0U);
      ASSERT_LE(login.wanted(), socket.size());
      const std::size_t read = std::min(most, login.wanted());
      event = login.receive(socket.substr(0, read));
      socket.remove_prefix(read);
    }
    EXPECT_EQ(event, Event::start_tls);
    EXPECT_EQ(socket, "");
    EXPECT_EQ(login.take_rest(), "");
  }
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
  for (const std::string& form :
       {"pw\0"s, encrypt_password(pem, kFirstScramble, "pw"), std::string(255, 'p') + '\0'}) {
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
    EXPECT_EQ(login.password().reveal(),
              form.front() == 'p' && form.size() == 256 ? std::string(255, 'p') : "pw");
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
  EXPECT_EQ(login.ask_password(known_by(true, true, true)), Event::refused);
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

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mysql_bytes.hpp"
#include "mysql_conversation.hpp"
#include "mysql_reference_client.hpp"
#include "wire/mysql/change_user.hpp"
#include "wire/mysql/payload.hpp"
#include "wire/mysql/server_login.hpp"

// COM_CHANGE_USER: the packet, and the login that it begins.

namespace rolegate::wire::mysql {
namespace {

using Claims = ReferenceClient::Claims;
using Event = ServerLogin::Event;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Claims kEveryClaim[] = {Claims::greetings_plugin, Claims::native, Claims::another, Claims::none};
constexpr Transport kEveryTransport[] = {Transport::tls, Transport::unix_socket, Transport::plain};

constexpr Capabilities kSession = kProtocol41 | kSecureConnection | kPluginAuth | kConnectAttrs;

TEST(MysqlChangeUser, ReadsWhatAClientSends) {
  const auto change = parse_change_user(
      "\x11"
      "bob\0\3abcbooks\0\x2E\x01mysql_native_password\0\4\1k\1v"s,
      kSession);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->user, "bob");
  EXPECT_EQ(change->auth_response.reveal(), "abc");
  EXPECT_EQ(change->schema, "books");
  EXPECT_EQ(change->character_set, 0x012E);
  EXPECT_EQ(change->auth_plugin, "mysql_native_password");
  EXPECT_EQ(change->attributes, "\1k\1v");
}

TEST(MysqlChangeUser, ReadsFieldsAsTheSessionHasThem) {
  // One byte holds the length of the answer: 0xFC begins no longer one.
  const std::string longest(0xFC, 'x');
  const std::string names = "\x11"s + '\0' + "\xFC" + longest + '\0' + "\x2D\0"s;
  const auto old = parse_change_user(names, kProtocol41 | kSecureConnection | kPluginAuthLenencClientData);
  ASSERT_TRUE(old);
  EXPECT_EQ(old->user, "");
  EXPECT_EQ(old->auth_response.reveal(), longest);
  EXPECT_EQ(old->schema, "");
  const auto no_plugins = parse_change_user(names + "\4\1k\1v", kSession & ~kPluginAuth);
  ASSERT_TRUE(no_plugins);
  EXPECT_EQ(no_plugins->attributes, "\1k\1v");
  EXPECT_EQ(no_plugins->auth_plugin, "");
}

TEST(MysqlChangeUser, TakesAPacketThatEndsBehindAField) {
  const std::string names = "\x11"s + "bob\0\0\0"s;
  for (const std::string& rest : {""s, "\x2D\0"s, "\x2D\0plugin\0"s, "\x2D\0plugin\0\0"s}) {
    const auto change = parse_change_user(names + rest, kSession);
    ASSERT_TRUE(change) << rest.size();
    EXPECT_EQ(change->character_set.has_value(), !rest.empty());
    EXPECT_EQ(change->attributes, "");
  }
}

TEST(MysqlChangeUser, RefusesWhatIsCutInsideAField) {
  const std::string whole = "\x11"s + "bob\0\3abcbooks\0\x2D\0plugin\0\4\1k\1v"s;
  ASSERT_TRUE(parse_change_user(whole, kSession));
  const std::size_t charset = whole.find("books") + 6;
  const std::size_t plugin = charset + 2;
  const std::size_t attributes = plugin + 7;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const bool between_fields = size == charset || size == plugin || size == attributes;
    EXPECT_EQ(parse_change_user(whole.substr(0, size), kSession).has_value(), between_fields) << size;
  }
  EXPECT_FALSE(parse_change_user("\x03" + whole.substr(1), kSession));
  std::string many = whole.substr(0, attributes);
  append_length_encoded(many, std::string(kMaxAttributes + 1, 'x'));
  EXPECT_FALSE(parse_change_user(many, kSession));
}

/// A client that is logged in changes the user.
Conversation changed(const Setting& setting, Claims claims, const std::string& password,
                     const PasswordVerifiers& known, bool trusted = false) {
  Meeting meeting(setting, claims, kPassword, known_by(true, true, true), kPassword);
  EXPECT_TRUE(meeting.log_in().authenticated);
  return meeting.change_user(password, known, trusted);
}

TEST(MysqlChangeUser, LetsInWhoKnowsThePasswordByEveryWayThereIs) {
  for (const Transport transport : kEveryTransport) {
    for (const Claims claims : kEveryClaim) {
      for (const bool rsa : {false, true}) {
        for (unsigned known = 1; known < 8; ++known) {
          const bool native = (known & 1) != 0;
          const bool sha2_possible = claims != Claims::none && (transport != Transport::plain || rsa);
          const Conversation talk = changed({transport, rsa}, claims, kPassword,
                                            known_by(native, (known & 2) != 0, (known & 4) != 0));
          EXPECT_EQ(talk.authenticated, sha2_possible || native)
              << "transport " << static_cast<int>(transport) << " claims " << static_cast<int>(claims)
              << " rsa " << rsa << " known " << known;
          EXPECT_FALSE(talk.client_confused);
          EXPECT_EQ(talk.seen.back(), talk.authenticated ? "ok" : "error");
        }
      }
    }
  }
}

TEST(MysqlChangeUser, TreatsAWrongPasswordAndNobodyAlike) {
  for (const Transport transport : kEveryTransport) {
    for (const Claims claims : kEveryClaim) {
      for (const bool rsa : {false, true}) {
        const Conversation nobody = changed({transport, rsa}, claims, "wrong", {});
        EXPECT_FALSE(nobody.authenticated);
        EXPECT_FALSE(nobody.client_confused);
        EXPECT_EQ(nobody.guesses, 1U);
        for (unsigned known = 1; known < 8; ++known) {
          const Conversation somebody =
              changed({transport, rsa}, claims, "wrong", known_by(known & 1, known & 2, known & 4));
          EXPECT_FALSE(somebody.authenticated);
          EXPECT_EQ(somebody.seen, nobody.seen);
          EXPECT_EQ(somebody.checks, nobody.checks);
          EXPECT_EQ(somebody.reason, nobody.reason);
          EXPECT_EQ(somebody.guesses, 1U);
        }
      }
    }
  }
}

TEST(MysqlChangeUser, AsksAClientThatKnowsPluginsWhateverItHasAnswered) {
  const PasswordVerifiers all = known_by(true, true, true);
  const auto seen = [&](Transport transport, bool rsa, Claims claims) {
    return changed({transport, rsa}, claims, kPassword, all).seen;
  };
  const std::string to_sha2 = "switch to caching_sha2_password";
  const std::string to_native = "switch to mysql_native_password";
  for (const Claims claims : {Claims::greetings_plugin, Claims::native, Claims::another}) {
    EXPECT_THAT(seen(Transport::tls, false, claims), ElementsAre(to_sha2, "fast", "ok"));
    EXPECT_THAT(seen(Transport::unix_socket, false, claims), ElementsAre(to_sha2, "fast", "ok"));
    EXPECT_THAT(seen(Transport::plain, true, claims), ElementsAre(to_sha2, "fast", "ok"));
    EXPECT_THAT(seen(Transport::plain, false, claims), ElementsAre(to_native, "ok"));
  }
  EXPECT_THAT(seen(Transport::tls, false, Claims::none), ElementsAre("ok"));
  EXPECT_THAT(changed({Transport::plain, true}, Claims::native, kPassword, known_by(false, true, false)).seen,
              ElementsAre(to_sha2, "full", "key", "ok"));
}

TEST(MysqlChangeUser, RefusesEmptyPasswordsWithoutAsking) {
  PasswordVerifiers empty;
  empty.native = native_hash("");
  empty.fast_check = fast_check_of("");
  empty.full_check = true;
  for (const Transport transport : kEveryTransport) {
    for (const Claims claims : kEveryClaim) {
      const Conversation talk = changed({transport, true}, claims, "", empty);
      EXPECT_FALSE(talk.authenticated);
      EXPECT_EQ(talk.checks, 0);
      EXPECT_EQ(talk.guesses, 0U);
      EXPECT_EQ(talk.reason, "the client sent no password");
    }
  }
}

TEST(MysqlChangeUser, TrustsWithWhatTheClientTakesForAYes) {
  for (const Transport transport : kEveryTransport) {
    for (const Claims claims : kEveryClaim) {
      for (const std::string& password : {""s, kPassword}) {
        const Conversation talk = changed({transport, false}, claims, password, {}, true);
        EXPECT_TRUE(talk.authenticated);
        EXPECT_FALSE(talk.client_confused);
        EXPECT_EQ(talk.seen.back(), "ok");
        EXPECT_EQ(talk.method, "");
      }
    }
  }
}

TEST(MysqlChangeUser, SaysWhoWantsWhat) {
  const Setting setting{Transport::tls, false};
  const Conversation talk = changed(setting, Claims::native, kPassword, known_by(false, true, false));
  const Startup before = converse(setting, Claims::native, kPassword, known_by(false, true, false)).startup;
  EXPECT_EQ(talk.startup.user, "bob");
  EXPECT_EQ(talk.startup.schema, "books");
  EXPECT_EQ(talk.startup.character_set, 0x012E);
  EXPECT_EQ(talk.startup.attributes, "\1k\1w");
  EXPECT_EQ(talk.startup.capabilities, before.capabilities);
  EXPECT_EQ(talk.startup.max_packet_size, before.max_packet_size);
}

TEST(MysqlChangeUser, CanBeRepeated) {
  for (const Transport transport : kEveryTransport) {
    for (const Claims claims : kEveryClaim) {
      for (const bool rsa : {false, true}) {
        Meeting meeting({transport, rsa}, claims, kPassword, known_by(true, true, true), kPassword);
        ASSERT_TRUE(meeting.log_in().authenticated);
        for (int i = 0; i < 3; ++i) {
          EXPECT_TRUE(meeting.change_user(kPassword, known_by(true, false, false)).authenticated);
        }
      }
    }
  }
}

constexpr PasswordExchange::Channel kTls{.plugins = true, .in_tls = true};

/// Of the connection; no random one.
constexpr std::string_view kScrambleBefore = "abcdefghijklmnopqrst";

ServerLogin change_of(PasswordExchange::Channel channel) {
  static Alphabet random;
  return {ServerLogin::Connection{kSession, 7, 224, channel, std::string(kScrambleBefore)}, random};
}

std::string change_packet(std::string_view user, std::string_view schema = "", std::string_view rest = "") {
  return packet(0, "\x11" + std::string(user) + "\0\0"s + std::string(schema) + '\0' + std::string(rest));
}

TEST(MysqlChangeUser, SaysNothingBeforeItIsAsked) {
  ServerLogin login = change_of({});
  EXPECT_EQ(login.take_output(), "");
  EXPECT_EQ(login.receive(""), Event::more);
  EXPECT_EQ(login.receive(change_packet("bob")), Event::startup);
  EXPECT_EQ(login.take_output(), "");
}

TEST(MysqlChangeUser, CountsPacketsFromTheCommandOn) {
  ServerLogin login = change_of(kTls);
  ASSERT_EQ(login.receive(change_packet("bob")), Event::startup);
  EXPECT_FALSE(login.has_answered());
  ASSERT_EQ(login.ask_password(known_by(false, true, false)), Event::more);
  EXPECT_EQ(login.take_output().substr(3, 1), "\1");
  ASSERT_EQ(login.receive(packet(2, std::string(32, 'x'))), Event::more);
  EXPECT_EQ(login.take_output(), packet(3, "\x01\x04"));
  ASSERT_EQ(login.receive(packet(4, "right\0"s)), Event::check_password);
  ASSERT_EQ(login.password_checked(true), Event::authenticated);
  EXPECT_EQ(login.ok(ok_payload()), packet(5, ok_payload()));
}

TEST(MysqlChangeUser, KeepsTheCharacterSetWhereNoneIsNamed) {
  ServerLogin silent = change_of({});
  ASSERT_EQ(silent.receive(change_packet("bob")), Event::startup);
  EXPECT_EQ(silent.startup().character_set, 224);
  ServerLogin other = change_of({});
  ASSERT_EQ(other.receive(change_packet("bob", "", "\x2D\0"s)), Event::startup);
  EXPECT_EQ(other.startup().character_set, 45);
}

TEST(MysqlChangeUser, HandsOnWhatTheConnectionIs) {
  ServerLogin login = change_of({.plugins = true, .unix_socket = true, .rsa_key = &test_key()});
  ASSERT_EQ(login.receive(change_packet("bob", "", "\x2E\1"s)), Event::startup);
  ASSERT_EQ(login.ask_password({}), Event::more);
  const std::string asked = login.take_output();
  const ServerLogin::Connection connection = login.connection();
  EXPECT_EQ(connection.capabilities, kSession);
  EXPECT_EQ(connection.max_packet_size, 7U);
  EXPECT_EQ(connection.character_set, 0x012E);
  EXPECT_TRUE(connection.channel.plugins && connection.channel.unix_socket && !connection.channel.in_tls);
  EXPECT_EQ(connection.channel.rsa_key, &test_key());
  EXPECT_NE(connection.scramble, kScrambleBefore) << "an answer is not to be used twice";
  EXPECT_THAT(asked, HasSubstr(connection.scramble));
}

TEST(MysqlChangeUser, FailsWithWhatIsMalformed) {
  const auto expect_failure = [](std::string_view bytes, std::uint16_t code) {
    ServerLogin login = change_of(kTls);
    EXPECT_EQ(login.receive(bytes), Event::failed);
    const auto error = parse_error(login.take_output().substr(4));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, code);
    EXPECT_EQ(error->sqlstate, "08S01");
    EXPECT_EQ(error->message, login.reason());
  };
  expect_failure(packet(0, "\x11"), 1047);
  expect_failure(packet(0, "\x03SELECT 1"), 1047);
  expect_failure(packet(1, "\x11"), 1156);
  expect_failure(le(ServerLogin::kMaxPacket + 1, 3) + "\0\x11"s, 1153);
  expect_failure(change_packet(std::string(ServerLogin::kMaxUser + 1, 'u')), 1043);
  expect_failure(change_packet("a\nb"), 1043);
  expect_failure(change_packet("bob", "\xE0"), 1043);
}

TEST(MysqlChangeUser, TakesNoCommandForAnAnswer) {
  ServerLogin login = change_of(kTls);
  ASSERT_EQ(login.receive(change_packet("bob") + packet(0, "\x03SELECT 1")), Event::startup);
  EXPECT_EQ(login.ask_password(known_by(true, true, true)), Event::failed);
  ServerLogin quits = change_of(kTls);
  ASSERT_EQ(quits.receive(change_packet("bob") + packet(0, "\x01")), Event::startup);
  EXPECT_EQ(quits.trust(), Event::quit);
}

TEST(MysqlChangeUser, KeepsWhatComesBehindIt) {
  ServerLogin login = change_of({});
  ASSERT_EQ(login.receive(change_packet("bob") + packet(0, "\x0E")), Event::startup);
  EXPECT_EQ(login.trust(), Event::authenticated);
  EXPECT_EQ(login.take_rest(), packet(0, "\x0E"));
}

TEST(MysqlChangeUser, TakesEveryFlowSplitAnywhere) {
  for (const Transport transport : kEveryTransport) {
    for (const Claims claims : kEveryClaim) {
      const Setting setting{transport, true};
      const PasswordVerifiers known = known_by(claims == Claims::none, claims != Claims::none, false);
      const Conversation whole = changed(setting, claims, kPassword, known);
      ASSERT_TRUE(whole.authenticated);
      for (std::size_t which = 0; which < whole.sent.size(); ++which) {
        for (std::size_t at = 0; at <= whole.sent[which].size(); ++at) {
          Meeting meeting(setting, claims, kPassword, known_by(true, true, true), kPassword);
          ASSERT_TRUE(meeting.log_in().authenticated);
          std::size_t index = 0;
          meeting.deliver = [&](Replay& server, std::string_view message) {
            const std::size_t end = index++ == which ? at : message.size();
            server.feed(message.substr(0, end));
            server.feed(message.substr(end));
          };
          const Conversation split = meeting.change_user(kPassword, known);
          EXPECT_EQ(split.events, whole.events) << which << " at " << at;
          EXPECT_EQ(split.received, whole.received);
        }
      }
    }
  }
}

}  // namespace
}  // namespace rolegate::wire::mysql

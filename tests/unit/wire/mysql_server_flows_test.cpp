#include <functional>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mysql_bytes.hpp"
#include "mysql_conversation.hpp"
#include "mysql_reference_client.hpp"
#include "wire/mysql/server_login.hpp"

// Whole logins, spoken with a client that is not ours: every way to say a password, and every step of them
// cut, changed, too long or out of order.

namespace rolegate::wire::mysql {
namespace {

using Event = ServerLogin::Event;
using Claims = ReferenceClient::Claims;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Claims kEveryClaim[] = {Claims::greetings_plugin, Claims::native, Claims::another, Claims::none};
constexpr Transport kEveryTransport[] = {Transport::tls, Transport::unix_socket, Transport::plain};

TEST(MysqlServerFlows, LetsInWhoKnowsThePasswordByEveryWayThereIs) {
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

TEST(MysqlServerFlows, TreatsAWrongPasswordAndNobodyAlike) {
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

TEST(MysqlServerFlows, RefusesEmptyPasswordsWithoutAsking) {
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

TEST(MysqlServerFlows, TakesTheShortestWay) {
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

TEST(MysqlServerFlows, GivesANewScrambleWithEverySwitch) {
  const Conversation talk =
      converse({Transport::tls, false}, Claims::another, kPassword, known_by(false, true, true));
  EXPECT_THAT(talk.received, HasSubstr("caching_sha2_password\0"s + std::string(kSecondScramble) + '\0'));
}

TEST(MysqlServerFlows, TakesTheOwnersWordWhereItCanCheck) {
  // Its own comparison with the native hash is for users of whom nothing else is known.
  PasswordVerifiers verifiers = known_by(false, true, false);
  verifiers.native = native_hash("another");
  EXPECT_FALSE(
      converse({Transport::tls, false}, Claims::greetings_plugin, "another", verifiers).authenticated);
}

TEST(MysqlServerFlows, NamesTheMethodThatWasUsed) {
  const auto method = [](Claims claims, const PasswordVerifiers& verifiers) {
    return converse({Transport::tls, false}, claims, kPassword, verifiers).method;
  };
  EXPECT_EQ(method(Claims::greetings_plugin, known_by(true, true, true)), "caching_sha2_password");
  EXPECT_EQ(method(Claims::native, known_by(true, true, true)), "mysql_native_password");
  EXPECT_EQ(method(Claims::native, known_by(false, true, true)), "caching_sha2_password");
}

TEST(MysqlServerFlows, CountsAWrongPasswordOnceWhateverIsKnown) {
  for (const Transport transport : kEveryTransport) {
    for (const Claims claims : kEveryClaim) {
      for (unsigned known = 0; known < 8; ++known) {
        const PasswordVerifiers verifiers = known_by(known & 1, known & 2, known & 4);
        const bool rsa = transport == Transport::plain;
        const Conversation talk = converse({transport, rsa}, claims, "wrong", verifiers);
        EXPECT_EQ(talk.guesses, 1U) << static_cast<int>(transport) << static_cast<int>(claims) << known;
      }
    }
  }
}

TEST(MysqlServerFlows, CountsNoGuessOfWhoIsLetInOrSendsNoPassword) {
  for (const Transport transport : kEveryTransport) {
    for (const Claims claims : kEveryClaim) {
      const PasswordVerifiers all = known_by(true, true, true);
      const PasswordVerifiers full = known_by(false, true, false);
      EXPECT_EQ(converse({transport, true}, claims, kPassword, all).guesses, 0U);
      if (claims != Claims::none) {
        const Conversation talk = converse({transport, true}, claims, kPassword, full);
        EXPECT_TRUE(talk.authenticated);
        EXPECT_EQ(talk.guesses, 0U);
      }
      EXPECT_EQ(converse({transport, true}, claims, "", all).guesses, 0U);
      EXPECT_EQ(converse({transport, true, true}, claims, "wrong", {}).guesses, 0U);
    }
  }
}

TEST(MysqlServerFlows, TrustsWithWhatTheClientTakesForAYes) {
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

TEST(MysqlServerFlows, SaysWhoWantsWhat) {
  const Conversation talk =
      converse({Transport::tls, false}, Claims::greetings_plugin, kPassword, known_by(false, true, false));
  EXPECT_EQ(talk.startup.user, "alice");
  EXPECT_EQ(talk.startup.schema, "orders");
  EXPECT_EQ(talk.startup.character_set, 45);
  EXPECT_EQ(talk.startup.max_packet_size, 1U << 24);
  EXPECT_EQ(talk.startup.attributes, "\1k\1v");
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

TEST(MysqlServerFlows, TakesEveryFlowByteByByte) {
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

TEST(MysqlServerFlows, TakesEveryFlowSplitAnywhere) {
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

TEST(MysqlServerFlows, FailsWhenAStepIsOutOfOrder) {
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

TEST(MysqlServerFlows, FailsWhenAStepIsTooLong) {
  for (const Flow& flow : every_flow()) {
    const Conversation whole = converse(flow.setting, flow.claims, kPassword, flow.verifiers);
    for (std::size_t which = 0; which < whole.sent.size(); ++which) {
      const Replay replay = with_change(flow, whole, which, [](const std::string& message) {
        return le(ServerLogin::kMaxPacket + 1, 3) + message.substr(3, 1);
      });
      EXPECT_EQ(replay.events.back(), Event::failed) << flow.name << which;
      EXPECT_THAT(replay.reason, HasSubstr("too large"));
    }
  }
}

TEST(MysqlServerFlows, LetsNobodyInWhenAByteOfTheProofIsAnother) {
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

TEST(MysqlServerFlows, LetsNobodyInByPartOfAStep) {
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
        EXPECT_THAT(replay.events.back(),
                    testing::AnyOf(Event::failed, Event::refused, Event::no_password, Event::more))
            << flow.name << which << " of size " << size;
      }
    }
  }
}

}  // namespace
}  // namespace rolegate::wire::mysql

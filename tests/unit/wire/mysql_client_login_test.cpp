#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mysql_bytes.hpp"
#include "wire/mysql/caching_sha2.hpp"
#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/client_login.hpp"
#include "wire/mysql/handshake_response.hpp"
#include "wire/mysql/native_password.hpp"

namespace rolegate::wire::mysql {
namespace {

using Event = ClientLogin::Event;
using Kind = ClientFailure::Kind;
using Methods = ClientLogin::Methods;
using testing::HasSubstr;
using testing::Not;

const std::string kToken =
    "shop.cluster-def:3306/?Action=connect&DBUser=app_rw&X-Amz-Signature=0123456789abcdef";

ClientLogin::Settings settings(Methods methods = Methods::iam) {
  ClientLogin::Settings settings;
  settings.user = "app_rw";
  settings.password = base::Secret(kToken);
  settings.schema = "shop";
  settings.methods = methods;
  settings.capabilities = kLongPassword | kTransactions | kDeprecateEof | kConnectAttrs;
  settings.attributes = "\xCprogram_name\4test";
  return settings;
}

std::string switch_to(std::string_view plugin, std::string_view data = kFirstScramble) {
  return "\xFE" + std::string(plugin) + '\0' + std::string(data) + '\0';
}

/// What a server sends, packet by packet, and what the client answers each.
struct Step {
  std::string send;
  Event event;
  std::string answer;
};
struct Flow {
  const char* name;
  Methods methods;
  std::vector<Step> after_tls;
};

std::string greeting_packet() { return packet(0, mysql_greeting()); }

std::vector<Flow> every_flow() {
  const std::string in_the_clear = kToken + '\0';
  const std::string fast = fast_response(kToken, kFirstScramble);
  const std::string native = native_response(kToken, kSecondScramble);
  const std::string ok = ok_payload();
  return {
      {"Aurora, or MariaDB with PAM",
       Methods::iam,
       {{packet(3, switch_to("mysql_clear_password", "")), Event::more, packet(4, in_the_clear)},
        {packet(5, ok), Event::ready, ""}}},
      {"a user without a password", Methods::iam, {{packet(3, ok), Event::ready, ""}}},
      {"mysql_native_password",
       Methods::password,
       {{packet(3, switch_to("mysql_native_password", kSecondScramble)), Event::more, packet(4, native)},
        {packet(5, ok), Event::ready, ""}}},
      {"caching_sha2_password, known",
       Methods::password,
       {{packet(3, switch_to("caching_sha2_password")), Event::more, packet(4, fast)},
        {packet(5, "\x01\x03"), Event::more, ""},
        {packet(6, ok), Event::ready, ""}}},
      {"caching_sha2_password, not known yet",
       Methods::password,
       {{packet(3, switch_to("caching_sha2_password")), Event::more, packet(4, fast)},
        {packet(5, "\x01\x04"), Event::more, packet(6, in_the_clear)},
        {packet(7, ok), Event::ready, ""}}},
      {"caching_sha2_password, data without the byte before them",
       Methods::password,
       {{packet(3, switch_to("caching_sha2_password")), Event::more, packet(4, fast)},
        {packet(5, "\x04"), Event::more, packet(6, in_the_clear)},
        {packet(7, ok), Event::ready, ""}}},
      {"sha256_password",
       Methods::password,
       {{packet(3, switch_to("sha256_password")), Event::more, packet(4, in_the_clear)},
        {packet(5, ok), Event::ready, ""}}},
      {"MariaDB's alternatives, one after the other",
       Methods::password,
       {{packet(3, switch_to("mysql_native_password", kSecondScramble)), Event::more, packet(4, native)},
        {packet(5, switch_to("mysql_clear_password", "")), Event::more, packet(6, in_the_clear)},
        {packet(7, ok), Event::ready, ""}}},
  };
}

/// Everything that may be told from the password.
void expect_no_password(const std::string& bytes) {
  EXPECT_THAT(bytes, Not(HasSubstr(kToken.substr(0, 8))));
  EXPECT_THAT(bytes, Not(HasSubstr(native_response(kToken, "abcdefghijklmnopqrst"))));
  EXPECT_THAT(bytes, Not(HasSubstr(fast_response(kToken, "abcdefghijklmnopqrst"))));
}

/// Brings a login to where TLS is up and its response is sent.
ClientLogin logged_in_to_tls(Methods methods) {
  ClientLogin login(settings(methods));
  EXPECT_EQ(login.receive(greeting_packet()), Event::start_tls);
  expect_no_password(login.take_output());
  EXPECT_EQ(login.tls_started(), Event::more);
  expect_no_password(login.take_output());
  return login;
}

TEST(MysqlClientLogin, AsksForTlsAndThenSaysWhoItIs) {
  ClientLogin login(settings());
  EXPECT_EQ(login.take_output(), "") << "a MySQL server greets first";
  ASSERT_EQ(login.receive(greeting_packet()), Event::start_tls);
  EXPECT_EQ(login.greeting().server_version, "8.0.36");
  const Capabilities expected = kLongPassword | kTransactions | kDeprecateEof | kProtocol41 |
                                kSecureConnection | kPluginAuth | kPluginAuthLenencClientData | kSsl |
                                kConnectWithDb | kConnectAttrs;
  const std::string header = le(expected, 4) + le(1 << 24, 4) + "\x2D" + std::string(23, '\0');
  EXPECT_EQ(login.take_output(), packet(1, header));
  ASSERT_EQ(login.tls_started(), Event::more);
  EXPECT_EQ(login.take_output(),
            packet(2, header + "app_rw\0\0shop\0rolegate_login\0\x12\x0Cprogram_name\x04test"s));
}

TEST(MysqlClientLogin, GoesThroughEveryFlow) {
  for (const Flow& flow : every_flow()) {
    ClientLogin login = logged_in_to_tls(flow.methods);
    for (const Step& step : flow.after_tls) {
      EXPECT_EQ(login.receive(step.send), step.event) << flow.name;
      EXPECT_EQ(login.take_output(), step.answer) << flow.name;
    }
    EXPECT_EQ(login.ok_payload(), ok_payload());
  }
}

/// Whole flow, with each of the server's packets fed as `feed` does.
void replay(const Flow& flow,
            const std::function<Event(ClientLogin&, const std::string&, std::size_t)>& feed) {
  ClientLogin login(settings(flow.methods));
  EXPECT_EQ(feed(login, greeting_packet(), 0), Event::start_tls) << flow.name;
  expect_no_password(login.take_output());
  EXPECT_EQ(login.tls_started(), Event::more);
  expect_no_password(login.take_output());
  for (std::size_t i = 0; i < flow.after_tls.size(); ++i) {
    const Step& step = flow.after_tls[i];
    EXPECT_EQ(feed(login, step.send, i + 1), step.event) << flow.name;
    EXPECT_EQ(login.take_output(), step.answer) << flow.name;
  }
  EXPECT_EQ(login.ok_payload(), ok_payload());
  EXPECT_EQ(login.take_rest(), "");
}

TEST(MysqlClientLogin, TakesEveryFlowByteByByte) {
  for (const Flow& flow : every_flow()) {
    replay(flow, [](ClientLogin& login, const std::string& bytes, std::size_t) {
      for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
        EXPECT_EQ(login.receive({&bytes[i], 1}), Event::more);
      }
      return login.receive({&bytes.back(), 1});
    });
  }
}

TEST(MysqlClientLogin, TakesEveryFlowSplitAnywhere) {
  for (const Flow& flow : every_flow()) {
    for (std::size_t which = 0; which <= flow.after_tls.size(); ++which) {
      const std::string& packet_bytes = which == 0 ? greeting_packet() : flow.after_tls[which - 1].send;
      for (std::size_t at = 0; at <= packet_bytes.size(); ++at) {
        replay(flow, [&](ClientLogin& login, const std::string& bytes, std::size_t index) {
          if (index != which) return login.receive(bytes);
          const Event first = login.receive(std::string_view(bytes).substr(0, at));
          return at == bytes.size() ? first : login.receive(std::string_view(bytes).substr(at));
        });
      }
    }
  }
}

/// Goes through `flow` up to the packet `which` (0: the greeting) and sends `bytes` in its place.
ClientLogin with_change(const Flow& flow, std::size_t which, const std::string& bytes) {
  ClientLogin login(settings(flow.methods));
  (void)login.receive(which == 0 ? bytes : greeting_packet());
  if (which == 0) return login;
  (void)login.tls_started();
  for (std::size_t i = 0; i < which; ++i) {
    (void)login.take_output();
    (void)login.receive(i + 1 == which ? bytes : flow.after_tls[i].send);
  }
  return login;
}

std::string original(const Flow& flow, std::size_t which) {
  return which == 0 ? greeting_packet() : flow.after_tls[which - 1].send;
}

TEST(MysqlClientLogin, HandsOnAnErrorInEveryPlace) {
  for (const Flow& flow : every_flow()) {
    for (std::size_t which = 0; which <= flow.after_tls.size(); ++which) {
      const char sequence = original(flow, which)[3];
      ClientLogin login = with_change(flow, which, packet(sequence, "\xFF\x15\x04#28000Access denied"));
      EXPECT_EQ(login.receive(""), Event::failed);
      EXPECT_EQ(login.failure().kind, Kind::server_error);
      EXPECT_EQ(login.failure().error.code, 1045);
      EXPECT_EQ(login.failure().error.sqlstate, "28000");
      EXPECT_EQ(login.failure().error.message, "Access denied");
      EXPECT_EQ(login.take_output(), "");
    }
  }
}

TEST(MysqlClientLogin, HandsOnWhatABusyServerSaysFirst) {
  for (const unsigned code : {1040U, 1129U, 1130U}) {
    ClientLogin login(settings());
    EXPECT_EQ(login.receive(packet(0, "\xFF" + le(code, 2) + "go away")), Event::failed);
    EXPECT_EQ(login.failure().kind, Kind::server_error);
    EXPECT_EQ(login.failure().error.code, code);
    EXPECT_EQ(login.failure().error.message, "go away");
  }
}

TEST(MysqlClientLogin, FailsWhenAStepIsOutOfOrderTooLongEmptyOrGarbage) {
  for (const Flow& flow : every_flow()) {
    for (std::size_t which = 0; which <= flow.after_tls.size(); ++which) {
      const std::string right = original(flow, which);
      std::string out_of_order = right;
      out_of_order[3] = static_cast<char>(out_of_order[3] + 1);
      const std::string too_long = "\x01\x00\x01"s + right.substr(3, 1);
      const std::string empty = packet(right[3], "");
      const std::string garbage = packet(right[3], "\x02garbage");
      const std::string malformed_error = packet(right[3], "\xFF\x15");
      const std::string malformed_ok = packet(right[3], "\0\0\0\2\0\0"s);
      const std::string malformed_switch = packet(right[3], "\xFEno_nul");
      for (const std::string& wrong :
           {out_of_order, too_long, empty, garbage, malformed_error, malformed_ok, malformed_switch}) {
        ClientLogin login = with_change(flow, which, wrong);
        EXPECT_EQ(login.receive("more"), Event::failed) << flow.name << which;
        EXPECT_EQ(login.failure().kind, Kind::protocol) << flow.name << which;
        EXPECT_NE(login.failure().reason, "");
        EXPECT_EQ(login.take_output(), "");
      }
    }
  }
}

TEST(MysqlClientLogin, GivesNoPasswordBeforeTls) {
  // Everything that a server could say to get at it, in the place of the greeting, behind it, and after the
  // request for TLS.
  std::vector<std::string> packets;
  for (const Flow& flow : every_flow()) {
    for (const Step& step : flow.after_tls) packets.push_back(step.send.substr(4));
  }
  for (const Methods methods : {Methods::iam, Methods::password}) {
    for (const std::string& payload : packets) {
      for (int sequence = 0; sequence < 4; ++sequence) {
        const std::string bytes = packet(sequence, payload);
        std::string output;
        ClientLogin first(settings(methods));
        EXPECT_EQ(first.receive(bytes), Event::failed);
        output += first.take_output();
        ClientLogin behind(settings(methods));
        EXPECT_EQ(behind.receive(greeting_packet() + bytes), Event::failed);
        EXPECT_EQ(behind.failure().kind, Kind::bytes_before_tls);
        output += behind.take_output();
        ClientLogin after(settings(methods));
        EXPECT_EQ(after.receive(greeting_packet()), Event::start_tls);
        EXPECT_EQ(after.receive(bytes), Event::failed);
        EXPECT_EQ(after.failure().kind, Kind::bytes_before_tls);
        EXPECT_EQ(after.tls_started(), Event::failed);
        output += after.take_output();
        expect_no_password(output);
      }
    }
  }
}

TEST(MysqlClientLogin, RefusesEveryByteBeforeTls) {
  for (std::size_t size = 1; size < 40; ++size) {
    ClientLogin login(settings());
    EXPECT_EQ(login.receive(greeting_packet() + std::string(size, 'x')), Event::failed);
    EXPECT_EQ(login.failure().kind, Kind::bytes_before_tls);
    EXPECT_EQ(login.take_output(), "");
  }
}

TEST(MysqlClientLogin, RefusesAServerWithoutTls) {
  Greeting greeting = *parse_greeting(mysql_greeting());
  greeting.capabilities &= ~kSsl;
  ClientLogin login(settings());
  EXPECT_EQ(login.receive(packet(0, greeting_payload(greeting))), Event::failed);
  EXPECT_EQ(login.failure().kind, Kind::tls_not_offered);
  EXPECT_EQ(login.take_output(), "");
}

TEST(MysqlClientLogin, RefusesAServerThatIsTooOld) {
  for (const Capabilities needed : {kProtocol41, kSecureConnection, kPluginAuth}) {
    Greeting greeting = *parse_greeting(mysql_greeting());
    greeting.capabilities &= ~needed;
    ClientLogin login(settings());
    EXPECT_EQ(login.receive(packet(0, greeting_payload(greeting))), Event::failed);
    EXPECT_EQ(login.failure().kind, Kind::protocol);
  }
}

TEST(MysqlClientLogin, GivesATokenToNoOtherMethod) {
  for (const std::string_view method : {"mysql_native_password", "caching_sha2_password", "sha256_password",
                                        "dialog", "client_ed25519", "mysql_clear_passwor", ""}) {
    ClientLogin login = logged_in_to_tls(Methods::iam);
    EXPECT_EQ(login.receive(packet(3, switch_to(method))), Event::failed);
    EXPECT_EQ(login.failure().kind, Kind::other_method);
    EXPECT_EQ(login.failure().method, method);
    EXPECT_EQ(login.take_output(), "");
  }
}

TEST(MysqlClientLogin, NamesMethodsThatItDoesNotKnow) {
  ClientLogin old = logged_in_to_tls(Methods::password);
  EXPECT_EQ(old.receive(packet(3, "\xFE")), Event::failed);
  EXPECT_EQ(old.failure().method, "mysql_old_password");
  ClientLogin odd = logged_in_to_tls(Methods::password);
  EXPECT_EQ(odd.receive(packet(3, switch_to("\x1B[2J\xFF" + std::string(100, 'x')))), Event::failed);
  EXPECT_EQ(odd.failure().method, "?[2J?" + std::string(59, 'x'));
}

TEST(MysqlClientLogin, RefusesScramblesOfAnotherSize) {
  for (const std::string_view method : {"mysql_native_password", "caching_sha2_password"}) {
    for (const std::size_t size : {0U, 8U, 19U, 21U}) {
      ClientLogin login = logged_in_to_tls(Methods::password);
      EXPECT_EQ(login.receive(packet(3, switch_to(method, std::string(size, 'x')))), Event::failed);
      EXPECT_EQ(login.failure().kind, Kind::protocol);
      EXPECT_EQ(login.take_output(), "");
    }
  }
}

TEST(MysqlClientLogin, StopsAServerThatSwitchesForEver) {
  ClientLogin login = logged_in_to_tls(Methods::password);
  int switches = 0;
  while (login.receive(packet(3 + 2 * switches, switch_to("mysql_native_password"))) == Event::more) {
    ASSERT_LT(++switches, 10);
  }
  EXPECT_EQ(switches, 4);
  EXPECT_EQ(login.failure().kind, Kind::protocol);
}

TEST(MysqlClientLogin, SaysItOnceOnlyWithCachingSha2) {
  for (const std::string_view again : {"\x01\x03", "\x01\x04", "\x01\x02", "\x01"}) {
    ClientLogin login = logged_in_to_tls(Methods::password);
    EXPECT_EQ(login.receive(packet(3, switch_to("caching_sha2_password"))), Event::more);
    EXPECT_EQ(login.receive(packet(5, "\x01\x04")), Event::more);
    EXPECT_EQ(login.receive(packet(7, again)), Event::failed);
    EXPECT_THAT(login.failure().reason, HasSubstr("caching_sha2_password"));
  }
}

TEST(MysqlClientLogin, SendsAnEmptyPasswordAsMysqlDoes) {
  const std::pair<std::string_view, std::string> answers[] = {{"mysql_native_password", ""},
                                                              {"caching_sha2_password", "\0"s},
                                                              {"sha256_password", "\0"s},
                                                              {"mysql_clear_password", "\0"s}};
  for (const auto& [method, answer] : answers) {
    auto without = settings(Methods::password);
    without.password = {};
    ClientLogin login(std::move(without));
    EXPECT_EQ(login.receive(greeting_packet()), Event::start_tls);
    EXPECT_EQ(login.tls_started(), Event::more);
    (void)login.take_output();
    EXPECT_EQ(login.receive(packet(3, switch_to(method))), Event::more);
    EXPECT_EQ(login.take_output(), packet(4, answer));
    EXPECT_EQ(login.receive(packet(5, ok_payload())), Event::ready);
  }
}

TEST(MysqlClientLogin, MirrorsMariaDbsExtendedCapabilities) {
  auto mariadb = settings();
  mariadb.capabilities = kTransactions | kMariaDbProgress | kMariaDbCacheMetadata;
  mariadb.attributes.clear();
  mariadb.schema.clear();
  ClientLogin login(std::move(mariadb));
  EXPECT_EQ(login.receive(packet(0, mariadb_greeting())), Event::start_tls);
  const Capabilities expected =
      kTransactions | kProtocol41 | kSecureConnection | kPluginAuth | kPluginAuthLenencClientData | kSsl;
  const std::string header = le(expected, 4) + le(1 << 24, 4) + "\x2D" + std::string(19, '\0') + le(0x11, 4);
  EXPECT_EQ(login.take_output(), packet(1, header));
  EXPECT_EQ(login.tls_started(), Event::more);
  EXPECT_EQ(login.take_output(), packet(2, header + "app_rw\0\0rolegate_login\0"s));
}

TEST(MysqlClientLogin, ClaimsNoCapabilityThatTheServerLacks) {
  auto client = settings();
  client.capabilities |= kOdbc | kCompress | kQueryAttributes;
  Greeting greeting = *parse_greeting(mysql_greeting());
  greeting.capabilities &= ~(kOdbc | kConnectAttrs);
  ClientLogin login(std::move(client));
  EXPECT_EQ(login.receive(packet(0, greeting_payload(greeting))), Event::start_tls);
  const auto claimed = client_capabilities(login.take_output().substr(4));
  EXPECT_EQ(*claimed & (kOdbc | kCompress | kQueryAttributes | kConnectAttrs), 0U);
}

/// Of a client that can change its expired password, the server makes a session in which it can do just that;
/// it refuses the others.
TEST(MysqlClientLogin, SaysWhetherItsClientCanHandleExpiredPasswords) {
  for (const Capabilities can : {kCanHandleExpiredPasswords, Capabilities{0}}) {
    auto client = settings(Methods::password);
    client.capabilities |= can;
    ClientLogin login(std::move(client));
    EXPECT_EQ(login.receive(greeting_packet()), Event::start_tls);
    EXPECT_EQ(*client_capabilities(login.take_output().substr(4)) & kCanHandleExpiredPasswords, can);
    EXPECT_EQ(login.tls_started(), Event::more);
    EXPECT_EQ(*client_capabilities(login.take_output().substr(4)) & kCanHandleExpiredPasswords, can);
    EXPECT_EQ(login.receive(packet(3, "\xFF\x46\x07#HY000Your password has expired.")), Event::failed);
    EXPECT_EQ(login.failure().error.code, 1862);
  }
}

TEST(MysqlClientLogin, SendsNothingMoreOnceItHasFailed) {
  ClientLogin login = logged_in_to_tls(Methods::iam);
  EXPECT_EQ(login.receive(packet(3, switch_to("mysql_clear_password", "")) + packet(5, "?")), Event::failed);
  EXPECT_EQ(login.take_output(), "");
}

TEST(MysqlClientLogin, NoticesThatTheServerIsNotWhatTheClientWasPromised) {
  for (int bit = 0; bit < 64; ++bit) {
    const Capabilities flag = 1ULL << bit;
    for (const bool mysql : {true, false}) {
      Greeting greeting = *parse_greeting(mysql ? mysql_greeting() : mariadb_greeting());
      greeting.capabilities |= mysql ? 0 : kMariaDbExtended | kProgressObsolete;
      const Capabilities promised = relayed(greeting.capabilities);
      if ((promised & flag) == 0) continue;
      greeting.capabilities &= ~flag;
      auto client = settings();
      client.capabilities = promised;
      ClientLogin login(std::move(client));
      const bool matters = (kSessionBits & flag) != 0;
      EXPECT_EQ(login.receive(packet(0, greeting_payload(greeting))),
                matters ? Event::failed : Event::start_tls)
          << bit;
      if (matters) {
        EXPECT_EQ(login.failure().kind, Kind::capabilities_differ);
        EXPECT_THAT(login.failure().reason, testing::MatchesRegex("it lacks [A-Z_]*CLIENT_[A-Z_]+")) << bit;
        EXPECT_EQ(login.take_output(), "");
      }
    }
  }
}

TEST(MysqlClientLogin, NoticesAMysqlWhereAMariaDbWas) {
  auto client = settings();
  client.capabilities = relayed(parse_greeting(mariadb_greeting())->capabilities);
  ClientLogin login(std::move(client));
  EXPECT_EQ(login.receive(greeting_packet()), Event::failed);
  EXPECT_EQ(login.failure().kind, Kind::capabilities_differ);
}

TEST(MysqlClientLogin, LearnsAServersVersion) {
  ClientLogin::Settings only;
  only.greeting_only = true;
  ClientLogin login(std::move(only));
  EXPECT_EQ(login.receive(packet(0, mariadb_greeting())), Event::ready);
  EXPECT_EQ(login.greeting().server_version, "5.5.5-10.11.19-MariaDB-0+deb12u1");
  EXPECT_EQ(login.take_output(), "");
}

TEST(MysqlClientLogin, KeepsWhatComesWithAndBehindTheOk) {
  const std::string ok = "\0\0\0\2\x40\0\0\0\x0A\1\5\4shop"s;
  ClientLogin login = logged_in_to_tls(Methods::iam);
  EXPECT_EQ(login.receive(packet(3, switch_to("mysql_clear_password", ""))), Event::more);
  EXPECT_EQ(login.receive(packet(5, ok) + "behind"), Event::ready);
  EXPECT_EQ(login.ok_payload(), ok);
  EXPECT_EQ(login.take_rest(), "behind");
}

TEST(MysqlClientLogin, RefusesToBeDrivenOutOfTurn) {
  ClientLogin too_early(settings());
  EXPECT_EQ(too_early.tls_started(), Event::failed);
  expect_no_password(too_early.take_output());
  ClientLogin twice = logged_in_to_tls(Methods::iam);
  EXPECT_EQ(twice.tls_started(), Event::failed);
}

}  // namespace
}  // namespace rolegate::wire::mysql

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mysql_bytes.hpp"
#include "wire/mysql/auth_packets.hpp"
#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/handshake_response.hpp"
#include "wire/mysql/packet_buffer.hpp"
#include "wire/mysql/packets.hpp"
#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {
namespace {

TEST(MysqlGreeting, ReadsMariaDbs) {
  const auto greeting = parse_greeting(mariadb_greeting());
  ASSERT_TRUE(greeting);
  EXPECT_EQ(greeting->server_version, "5.5.5-10.11.19-MariaDB-0+deb12u1");
  EXPECT_EQ(greeting->connection_id, 5U);
  EXPECT_EQ(greeting->capabilities, 0x1D81FFFFFEULL);
  EXPECT_EQ(greeting->character_set, 45);
  EXPECT_EQ(greeting->status, 2);
  EXPECT_EQ(greeting->scramble, "?+Y_PU;ejgD\\$=H0VB(@");
  EXPECT_EQ(greeting->auth_plugin, "mysql_native_password");
}

TEST(MysqlGreeting, ReadsMysqls) {
  const auto greeting = parse_greeting(mysql_greeting());
  ASSERT_TRUE(greeting);
  EXPECT_EQ(greeting->server_version, "8.0.36");
  EXPECT_EQ(greeting->capabilities, 0xDFFFFFFFULL);
  EXPECT_EQ(greeting->scramble, "abcdefghijklmnopqrst");
  EXPECT_EQ(greeting->auth_plugin, "caching_sha2_password");
}

TEST(MysqlGreeting, WritesWhatItHasRead) {
  for (const std::string& payload : {mariadb_greeting(), mysql_greeting()}) {
    EXPECT_EQ(greeting_payload(*parse_greeting(payload)), payload);
  }
}

TEST(MysqlGreeting, TakesNoExtendedCapabilitiesFromMysql) {
  std::string payload = mysql_greeting();
  const std::size_t reserved = payload.find("ijkl") - 4;
  payload.replace(reserved, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_EQ(parse_greeting(payload)->capabilities, 0xDFFFFFFFULL);
}

TEST(MysqlGreeting, TellsMysqlsClientsOfNoExtendedCapabilities) {
  Greeting greeting = *parse_greeting(mysql_greeting());
  greeting.capabilities |= kMariaDbExtended;
  EXPECT_EQ(greeting_payload(greeting), mysql_greeting());
}

TEST(MysqlGreeting, ReadsALongerScramble) {
  std::string payload = mysql_greeting();
  const std::size_t second = payload.find("ijkl");
  payload[second - 11] = 30;
  payload.insert(second + 12, "123456789");
  const auto greeting = parse_greeting(payload);
  ASSERT_TRUE(greeting);
  EXPECT_EQ(greeting->scramble, "abcdefghijklmnopqrst");
  EXPECT_EQ(greeting->auth_plugin, "caching_sha2_password");
}

TEST(MysqlGreeting, ReadsAPluginWithoutItsNul) {
  std::string payload = mysql_greeting();
  payload.pop_back();
  EXPECT_EQ(parse_greeting(payload)->auth_plugin, "caching_sha2_password");
}

TEST(MysqlGreeting, RefusesEveryShorterOne) {
  const std::string payload = mysql_greeting();
  const std::size_t plugin = payload.find("caching");
  for (std::size_t size = 0; size < plugin; ++size) {
    EXPECT_FALSE(parse_greeting(std::string_view(payload).substr(0, size))) << size;
  }
}

TEST(MysqlGreeting, RefusesAnotherProtocolVersion) {
  std::string payload = mysql_greeting();
  payload[0] = 9;
  EXPECT_FALSE(parse_greeting(payload));
}

TEST(MysqlError, ReadsOneWithSqlstate) {
  const auto error = parse_error("\xFF\x15\x04#28000Access denied"sv);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, 1045);
  EXPECT_EQ(error->sqlstate, "28000");
  EXPECT_EQ(error->message, "Access denied");
}

TEST(MysqlError, ReadsOneBeforeTheHandshake) {
  const auto error = parse_error("\xFF\x6A\x04Host 'x' is not allowed"sv);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, 1130);
  EXPECT_EQ(error->sqlstate, "");
  EXPECT_EQ(error->message, "Host 'x' is not allowed");
}

TEST(MysqlError, RefusesWhatIsNone) {
  EXPECT_FALSE(parse_error(""));
  EXPECT_FALSE(parse_error("\xFF\x15"));
  EXPECT_FALSE(parse_error("\0\x15\x04#28000Access denied"sv));
}

TEST(MysqlError, WritesBothForms) {
  EXPECT_EQ(error_packet(3, {1045, "28000", "no"}), packet(3, "\xFF\x15\x04#28000no"));
  EXPECT_EQ(error_packet(3, {1045, "", "no"}), packet(3, "\xFF\x15\x04no"));
  EXPECT_EQ(error_packet(3, {1045, "2800", "no"}), packet(3, "\xFF\x15\x04#HY000no"));
}

TEST(MysqlError, CutsALongMessageAtACharacter) {
  const std::string text = std::string(511, 'x') + "ü and more";
  EXPECT_EQ(parse_error(error_packet(0, {1, "HY000", text}).substr(4))->message, std::string(511, 'x'));
  const std::string fits = std::string(510, 'x') + "ü and more";
  EXPECT_EQ(parse_error(error_packet(0, {1, "HY000", fits}).substr(4))->message, std::string(510, 'x') + "ü");
}

TEST(MysqlFraming, SplitsLongPayloads) {
  constexpr std::size_t kMost = 0xFFFFFF;
  EXPECT_EQ(framed(7, "abc"), packet(7, "abc"));
  EXPECT_EQ(framed(7, ""), packet(7, ""));
  const std::string full(kMost, 'x');
  EXPECT_EQ(framed(255, full), packet(255, full) + packet(0, ""));
  EXPECT_EQ(framed(1, full + "yz"), packet(1, full) + packet(2, "yz"));
}

TEST(MysqlPayload, ReadsLengthsOfEverySize) {
  for (const std::uint64_t value : {0ULL, 250ULL, 251ULL, 0xFFFFULL, 0x10000ULL, 0xFFFFFFULL, 0x1000000ULL}) {
    std::string payload;
    append_length_encoded(payload, value);
    PayloadReader reader(payload);
    EXPECT_EQ(reader.length_encoded(), value);
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(reader.left(), 0U);
  }
}

TEST(MysqlPayload, FailsForGoodOnceSomethingIsMissing) {
  PayloadReader reader("\x01\x02"sv);
  EXPECT_EQ(reader.u32(), 0U);
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_FALSE(reader.ok());
  PayloadReader huge("\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFx"sv);
  EXPECT_EQ(huge.length_encoded_bytes(), "");
  EXPECT_FALSE(huge.ok());
  for (const std::string_view null : {"\xFB", "\xFF"}) {
    PayloadReader no_length(null);
    EXPECT_EQ(no_length.length_encoded(), 0U);
    EXPECT_FALSE(no_length.ok());
  }
  PayloadReader no_nul("abc"sv);
  EXPECT_EQ(no_nul.until_nul(), "");
  EXPECT_FALSE(no_nul.ok());
}

TEST(MysqlCapabilities, RelaysTheSessionAndNotTheLeg) {
  const Capabilities legs = kConnectWithDb | kCompress | kProtocol41 | kSsl | kSecureConnection |
                            kPluginAuth | kPluginAuthLenencClientData | kZstdCompression | kQueryAttributes |
                            kMultiFactorAuthentication | kSslVerifyServerCert | kRememberOptions |
                            kMariaDbComMulti;
  const Capabilities everything = ~0ULL;
  EXPECT_EQ(relayed(everything & ~kLongPassword) & legs, 0U);
  EXPECT_EQ(relayed(everything & ~kLongPassword) & kMariaDbExtended,
            kMariaDbProgress | kMariaDbBulkOperations | kMariaDbExtendedMetadata | kMariaDbCacheMetadata |
                kMariaDbBulkUnitResults);
  const Capabilities session = kLongPassword | kFoundRows | kLocalFiles | kMultiStatements | kMultiResults |
                               kPsMultiResults | kSessionTrack | kDeprecateEof | kOptionalResultsetMetadata |
                               kTransactions | kConnectAttrs | kCanHandleExpiredPasswords | kInteractive;
  EXPECT_EQ(relayed(everything) & session, session);
  EXPECT_EQ(relayed(session & ~kDeprecateEof), session & ~kDeprecateEof);
  EXPECT_EQ(relayed(0), 0U);
}

TEST(MysqlCapabilities, ReadsMysqlsBit29AsMysqlDoes) {
  EXPECT_EQ(relayed(kProgressObsolete), kProgressObsolete);
  EXPECT_EQ(relayed(kLongPassword | kProgressObsolete), kLongPassword);
  EXPECT_EQ(relayed(kLongPassword | kMariaDbExtended), kLongPassword);
}

HandshakeResponse some_response() {
  HandshakeResponse response;
  response.capabilities = kProtocol41 | kSecureConnection | kPluginAuth | kPluginAuthLenencClientData |
                          kConnectWithDb | kConnectAttrs | kDeprecateEof | kMariaDbProgress;
  response.max_packet_size = 1 << 30;
  response.character_set = 303;  // utf8mb4_ja_0900_as_cs
  response.user = "jörg";
  response.auth_response = base::Secret("0123456789abcdefghij");
  response.schema = "shop";
  response.auth_plugin = "mysql_native_password";
  response.attributes = "\xC_client_name\x4test\0\0\x1x\xFC\x2C\1"s + std::string(300, 'y');
  return response;
}

TEST(MysqlHandshakeResponse, ReadsWhatItWrites) {
  const HandshakeResponse written = some_response();
  const auto read = parse_handshake_response(handshake_response_payload(written), ~0ULL);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->capabilities, written.capabilities);
  EXPECT_EQ(read->max_packet_size, written.max_packet_size);
  EXPECT_EQ(read->character_set, written.character_set);
  EXPECT_EQ(read->user, written.user);
  EXPECT_EQ(read->auth_response.reveal(), written.auth_response.reveal());
  EXPECT_EQ(read->schema, written.schema);
  EXPECT_EQ(read->auth_plugin, written.auth_plugin);
  EXPECT_EQ(read->attributes, written.attributes);
}

TEST(MysqlHandshakeResponse, IsWrittenAsDocumented) {
  HandshakeResponse response = some_response();
  response.attributes = "\1k\1v";
  EXPECT_EQ(handshake_response_payload(response),
            le(response.capabilities & 0xFFFFFFFF, 4) + le(1 << 30, 4) + "\x2F\1" + std::string(18, '\0') +
                le(1, 4) + "jörg\0\x14"s + "0123456789abcdefghij" + "shop\0mysql_native_password\0\4\1k\1v"s);
  EXPECT_EQ(ssl_request_payload(response), handshake_response_payload(response).substr(0, 32));
}

TEST(MysqlHandshakeResponse, ReadsFieldsByWhatBothSidesHave) {
  // PyMySQL sets CLIENT_CONNECT_ATTRS in any case and sends attributes only to a server that has it.
  HandshakeResponse written = some_response();
  written.capabilities &= ~(kConnectAttrs | kPluginAuth);
  std::string payload = handshake_response_payload(written);
  payload.replace(0, 4, le((written.capabilities | kConnectAttrs | kPluginAuth) & 0xFFFFFFFF, 4));
  const auto read = parse_handshake_response(payload, ~(kConnectAttrs | kPluginAuth));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->schema, "shop");
  EXPECT_EQ(read->auth_plugin, "");
  EXPECT_TRUE(read->attributes.empty());
  EXPECT_EQ(read->capabilities & (kConnectAttrs | kPluginAuth), 0U);
}

TEST(MysqlHandshakeResponse, TakesExtendedCapabilitiesOnlyFromMariaDbsClients) {
  HandshakeResponse written = some_response();
  std::string payload = handshake_response_payload(written);
  EXPECT_EQ(*client_capabilities(payload) & kMariaDbExtended, kMariaDbProgress);
  payload[0] = static_cast<char>(payload[0] | 1);
  EXPECT_EQ(*client_capabilities(payload) & kMariaDbExtended, 0U);
}

TEST(MysqlHandshakeResponse, RefusesEveryShorterOne) {
  const std::string payload = handshake_response_payload(some_response());
  // With nothing behind the plugin's name, the attributes are just not there.
  const std::size_t without_attributes = payload.find("mysql_native_password") + 22;
  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_EQ(parse_handshake_response(payload.substr(0, size), ~0ULL).has_value(),
              size == without_attributes)
        << size;
  }
}

/// As servers do, whatever their number.
TEST(MysqlHandshakeResponse, TakesAttributesOf64KiB) {
  HandshakeResponse response = some_response();
  response.attributes.assign(65535, '\0');
  EXPECT_TRUE(parse_handshake_response(handshake_response_payload(response), ~0ULL));
  response.attributes.push_back('\0');
  EXPECT_FALSE(parse_handshake_response(handshake_response_payload(response), ~0ULL));
}

TEST(MysqlHandshakeResponse, RefusesAttributesThatLeaveTheirBounds) {
  HandshakeResponse response = some_response();
  response.attributes = "\1k\5value";
  std::string payload = handshake_response_payload(response);
  payload[payload.size() - 9] = 9;
  EXPECT_FALSE(parse_handshake_response(payload, ~0ULL));
}

TEST(MysqlAuthSwitchRequest, ReadsWhatItWrites) {
  const std::string payload = auth_switch_request_payload({"plugin", "data"});
  EXPECT_EQ(payload, "\xFEplugin\0data\0"s);
  const auto read = parse_auth_switch_request(payload);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->plugin, "plugin");
  EXPECT_EQ(read->data, "data");
}

TEST(MysqlAuthSwitchRequest, ReadsTheOldForm) {
  EXPECT_EQ(parse_auth_switch_request("\xFE")->plugin, "mysql_old_password");
  EXPECT_FALSE(parse_auth_switch_request("\xFEplugin"));
  EXPECT_FALSE(parse_auth_switch_request(""));
  EXPECT_FALSE(parse_auth_switch_request("\0plugin\0"sv));
}

TEST(MysqlScramble, HasNoByteThatEndsAText) {
  class Every final : public base::Random {
    void fill(std::span<unsigned char> out) override {
      for (unsigned char& byte : out) byte = next_++;
    }
    unsigned char next_ = 0;
  } every;
  for (int i = 0; i < 64; ++i) {
    const std::string scramble = new_scramble(every);
    ASSERT_EQ(scramble.size(), 20U);
    for (const char byte : scramble) EXPECT_TRUE(byte > 0 && byte != '$');
  }
}

TEST(MysqlPacketBuffer, PutsPacketsTogetherFromAnyPieces) {
  const std::string stream = packet(0, "first") + packet(1, "") + packet(2, "third") + "rest";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    PacketBuffer buffer(5);
    std::vector<std::string> payloads;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      buffer.append(std::string_view(stream).substr(at, piece));
      while (payloads.size() < 3 && buffer.next() == PacketBuffer::Next::packet) {
        EXPECT_EQ(buffer.sequence(), payloads.size());
        payloads.emplace_back(buffer.payload());
      }
    }
    EXPECT_THAT(payloads, testing::ElementsAre("first", "", "third"));
    EXPECT_EQ(buffer.behind(), 4U);
    EXPECT_EQ(buffer.take_behind(), "rest");
  }
}

TEST(MysqlPacketBuffer, RefusesALongPacketByItsHeader) {
  PacketBuffer buffer(5);
  buffer.append("\6\0\0"sv);
  EXPECT_EQ(buffer.next(), PacketBuffer::Next::incomplete);
  buffer.append("\0"sv);
  EXPECT_EQ(buffer.next(), PacketBuffer::Next::too_long);
}

}  // namespace
}  // namespace rolegate::wire::mysql

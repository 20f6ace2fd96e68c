#include <algorithm>

#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/payload.hpp"

// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_v10.html
// https://mariadb.com/kb/en/connection/#initial-handshake-packet

namespace rolegate::wire::mysql {
namespace {

constexpr std::uint8_t kProtocolVersion = 10;
constexpr std::size_t kScramble = 20;
constexpr std::size_t kFirstPart = 8;  ///< of the scramble, where protocol version 9 had all of it

}  // namespace

std::optional<Greeting> parse_greeting(std::string_view payload) {
  PayloadReader reader(payload);
  if (reader.u8() != kProtocolVersion) return std::nullopt;
  Greeting greeting;
  greeting.server_version = reader.until_nul();
  greeting.connection_id = reader.u32();
  greeting.scramble = reader.bytes(kFirstPart);
  reader.bytes(1);
  greeting.capabilities = reader.u16();
  greeting.character_set = reader.u8();
  greeting.status = reader.u16();
  greeting.capabilities |= Capabilities{reader.u16()} << 16;
  const std::size_t announced = reader.u8();
  reader.bytes(6);
  const std::uint32_t extended = reader.u32();
  if ((greeting.capabilities & kLongPassword) == 0) greeting.capabilities |= Capabilities{extended} << 32;
  if ((greeting.capabilities & kSecureConnection) != 0) {
    // 12 bytes and a NUL, also where no length is announced (before CLIENT_PLUGIN_AUTH).
    const std::size_t second = announced > kFirstPart + 13 ? announced - kFirstPart : 13;
    greeting.scramble.append(reader.bytes(second));
    greeting.scramble.resize(kScramble);
  }
  if ((greeting.capabilities & kPluginAuth) != 0) {
    // MySQL before 5.5.10 left the NUL behind it away (bug 59453).
    const std::string_view name = reader.rest();
    greeting.auth_plugin = name.substr(0, name.find('\0'));
  }
  if (!reader.ok()) return std::nullopt;
  return greeting;
}

std::string greeting_payload(const Greeting& greeting) {
  const bool mariadb = (greeting.capabilities & kLongPassword) == 0;
  std::string scramble = greeting.scramble;
  scramble.resize(kScramble);
  std::string payload(1, static_cast<char>(kProtocolVersion));
  append_text(payload, greeting.server_version);
  append_integer(payload, greeting.connection_id, 4);
  append_text(payload, std::string_view(scramble).substr(0, kFirstPart));
  append_integer(payload, greeting.capabilities, 2);
  append_integer(payload, greeting.character_set, 1);
  append_integer(payload, greeting.status, 2);
  append_integer(payload, greeting.capabilities >> 16, 2);
  append_integer(payload, kScramble + 1, 1);
  payload.append(6, '\0');
  append_integer(payload, mariadb ? greeting.capabilities >> 32 : 0, 4);
  append_text(payload, std::string_view(scramble).substr(kFirstPart));
  append_text(payload, greeting.auth_plugin);
  return payload;
}

}  // namespace rolegate::wire::mysql

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rolegate::wire::mysql {

/// https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html and
/// https://mariadb.com/kb/en/clientserver-protocol/

/// Capability flags. The upper 32 bits are MariaDB's extended ones; they exist when CLIENT_MYSQL
/// (CLIENT_LONG_PASSWORD, bit 0) is not set by a MariaDB server or client.
using Capabilities = std::uint64_t;

/// Handshake V10: what a server says first.
struct Greeting {
  std::string server_version;
  std::uint32_t connection_id = 0;
  Capabilities capabilities = 0;
  std::uint8_t character_set = 45;  // utf8mb4_general_ci
  std::uint16_t status = 2;         // SERVER_STATUS_AUTOCOMMIT
  std::string scramble;             // 20 bytes, none of them 0
  std::string auth_plugin;
};

/// The payload of a greeting. Nothing when it is malformed or of another protocol version.
[[nodiscard]] std::optional<Greeting> parse_greeting(std::string_view payload);
[[nodiscard]] std::string greeting_payload(const Greeting& greeting);

struct ErrorPacket {
  std::uint16_t code = 0;
  std::string sqlstate;  ///< five characters; empty before the handshake is over
  std::string message;
};
/// The payload of an ERR packet (0xFF …).
[[nodiscard]] std::optional<ErrorPacket> parse_error(std::string_view payload);
/// Framed. `sqlstate` empty: without its part, as before the client has said that it speaks protocol 4.1.
/// The message is cut to 512 bytes at a character's border, MySQL's own bound.
[[nodiscard]] std::string error_packet(std::uint8_t sequence, const ErrorPacket& error);

/// Length (3), sequence (1), payload; a payload of 2^24-1 bytes or more in several.
[[nodiscard]] std::string framed(std::uint8_t sequence, std::string_view payload);

using NativeHash = std::array<unsigned char, 20>;
/// SHA1(SHA1(password)), what mysql_native_password keeps.
[[nodiscard]] NativeHash native_hash(std::string_view password);

/// The capabilities of a session that this gateway relays: of what a server offers, everything that is known
/// and leaves packets as they are. Not compression, query attributes, and what belongs to one leg only
/// (CLIENT_SSL, CLIENT_PLUGIN_AUTH …). CLIENT_CONNECT_ATTRS is among them. See capabilities.hpp.
[[nodiscard]] Capabilities relayed(Capabilities offered);

}  // namespace rolegate::wire::mysql

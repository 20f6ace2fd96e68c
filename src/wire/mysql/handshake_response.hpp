#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/secret.hpp"
#include "wire/mysql/packets.hpp"

namespace rolegate::wire::mysql {

/// Protocol::HandshakeResponse41: a client's answer to the greeting.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_response.html
struct HandshakeResponse {
  Capabilities capabilities = 0;
  std::uint32_t max_packet_size = 0;
  /// A collation's id. By the protocol's text only its lower byte is sent; clients put the other one into the
  /// filler behind it, where servers read it or not.
  std::uint16_t character_set = 0;
  std::string user;
  base::Secret auth_response;  ///< some plugins put the password here
  std::string schema;
  std::string auth_plugin;
  std::string attributes;  ///< names and values, each length-encoded, as they came
};

/// Of the attributes, in bytes: servers take no more.
inline constexpr std::size_t kMaxAttributes = 0xFFFF;

/// What it and an SSLRequest begin with; an SSLRequest is nothing else.
inline constexpr std::size_t kResponseHeader = 32;

/// The capabilities of a client, from the first 32 bytes of its answer; nothing when there are fewer. The
/// extended ones are there only from a client that leaves CLIENT_MYSQL unset.
[[nodiscard]] std::optional<Capabilities> client_capabilities(std::string_view payload);

/// `offered` are the server's capabilities: clients set flags that were not offered, and then leave out the
/// field that belongs to it. `capabilities` are those that both have. Nothing when it is malformed, or has
/// more attributes than kMaxAttributes.
[[nodiscard]] std::optional<HandshakeResponse> parse_handshake_response(std::string_view payload,
                                                                        Capabilities offered);

/// The SSLRequest that comes before `response`.
[[nodiscard]] std::string ssl_request_payload(const HandshakeResponse& response);
/// Fields whose capability is not set are left out. `auth_response` has at most 250 bytes.
[[nodiscard]] std::string handshake_response_payload(const HandshakeResponse& response);

}  // namespace rolegate::wire::mysql

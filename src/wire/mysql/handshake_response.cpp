#include "wire/mysql/handshake_response.hpp"

#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {
namespace {

std::string_view parse_auth_response(PayloadReader& reader, Capabilities capabilities) {
  if ((capabilities & kPluginAuthLenencClientData) != 0) return reader.length_encoded_bytes();
  if ((capabilities & kSecureConnection) != 0) return reader.bytes(reader.u8());
  return reader.until_nul();
}

}  // namespace

std::optional<Capabilities> client_capabilities(std::string_view payload) {
  if (payload.size() < kResponseHeader) return std::nullopt;
  PayloadReader reader(payload);
  const Capabilities capabilities = reader.u32();
  reader.bytes(kResponseHeader - 8);
  const Capabilities extended = reader.u32();
  return (capabilities & kLongPassword) == 0 ? capabilities | extended << 32 : capabilities;
}

std::optional<HandshakeResponse> parse_handshake_response(std::string_view payload, Capabilities offered) {
  const auto capabilities = client_capabilities(payload);
  if (!capabilities) return std::nullopt;
  HandshakeResponse response;
  response.capabilities = *capabilities & offered;
  const auto has = [&](Capabilities flag) { return (response.capabilities & flag) != 0; };
  PayloadReader reader(payload);
  reader.bytes(4);
  response.max_packet_size = reader.u32();
  response.character_set = reader.u16();
  reader.bytes(kResponseHeader - 10);
  response.user = reader.until_nul();
  response.auth_response = base::Secret(parse_auth_response(reader, response.capabilities));
  if (has(kConnectWithDb)) response.schema = reader.until_nul();
  if (has(kPluginAuth)) response.auth_plugin = reader.until_nul();
  // Some clients set the flag and send nothing for it.
  if (has(kConnectAttrs) && reader.left() > 0) response.attributes = reader.length_encoded_bytes();
  if (!reader.ok() || response.attributes.size() > kMaxAttributes) return std::nullopt;
  return response;
}

std::string ssl_request_payload(const HandshakeResponse& response) {
  const bool extended = (response.capabilities & kLongPassword) == 0;
  std::string payload;
  append_integer(payload, response.capabilities, 4);
  append_integer(payload, response.max_packet_size, 4);
  append_integer(payload, response.character_set, 2);
  payload.append(18, '\0');
  append_integer(payload, extended ? response.capabilities >> 32 : 0, 4);
  return payload;
}

std::string handshake_response_payload(const HandshakeResponse& response) {
  const auto has = [&](Capabilities flag) { return (response.capabilities & flag) != 0; };
  std::string payload = ssl_request_payload(response);
  append_text(payload, response.user);
  // With fewer than 251 bytes, a length of one byte and a length-encoded one are the same.
  append_length_encoded(payload, response.auth_response.reveal());
  if (has(kConnectWithDb)) append_text(payload, response.schema);
  if (has(kPluginAuth)) append_text(payload, response.auth_plugin);
  if (has(kConnectAttrs)) append_length_encoded(payload, response.attributes);
  return payload;
}

}  // namespace rolegate::wire::mysql

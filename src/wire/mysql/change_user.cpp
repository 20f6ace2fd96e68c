#include "wire/mysql/change_user.hpp"

#include "wire/mysql/capabilities.hpp"
#include "wire/mysql/commands.hpp"
#include "wire/mysql/handshake_response.hpp"
#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {

std::optional<ChangeUser> parse_change_user(std::string_view payload, Capabilities session) {
  const auto has = [&](Capabilities flag) { return (session & flag) != 0; };
  PayloadReader reader(payload);
  ChangeUser change;
  const bool is_change = reader.u8() == kComChangeUser;
  change.user = reader.until_nul();
  // One byte says how long it is, CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA or not.
  change.auth_response = base::Secret(reader.bytes(reader.u8()));
  change.schema = reader.until_nul();
  // Clients may stop behind each of these.
  if (reader.left() > 0) change.character_set = reader.u16();
  if (has(kPluginAuth) && reader.left() > 0) change.auth_plugin = reader.until_nul();
  if (has(kConnectAttrs) && reader.left() > 0) change.attributes = reader.length_encoded_bytes();
  if (!is_change || !reader.ok() || change.attributes.size() > kMaxAttributes) return std::nullopt;
  return change;
}

}  // namespace rolegate::wire::mysql

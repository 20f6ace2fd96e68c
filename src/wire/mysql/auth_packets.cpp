#include "wire/mysql/auth_packets.hpp"

#include <array>

#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {

std::optional<AuthSwitchRequest> parse_auth_switch_request(std::string_view payload) {
  if (payload.empty() || payload.front() != kAuthSwitchRequest) return std::nullopt;
  if (payload.size() == 1) return AuthSwitchRequest{"mysql_old_password", {}};
  PayloadReader reader(payload.substr(1));
  const std::string_view plugin = reader.until_nul();
  std::string_view data = reader.rest();
  if (!reader.ok()) return std::nullopt;
  if (data.ends_with('\0')) data.remove_suffix(1);
  return AuthSwitchRequest{std::string(plugin), std::string(data)};
}

std::string auth_switch_request_payload(const AuthSwitchRequest& request) {
  std::string payload(1, kAuthSwitchRequest);
  append_text(payload, request.plugin);
  append_text(payload, request.data);
  return payload;
}

std::string new_scramble(base::Random& random) {
  std::array<unsigned char, kScrambleSize> bytes;
  random.fill(bytes);
  std::string scramble;
  for (const unsigned char byte : bytes) {
    const char low = static_cast<char>(byte & 0x7F);
    scramble.push_back(low == '\0' || low == '$' ? static_cast<char>(low + 1) : low);
  }
  return scramble;
}

}  // namespace rolegate::wire::mysql

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.hpp"

namespace rolegate::wire::mysql {

inline constexpr std::string_view kNativePassword = "mysql_native_password";
inline constexpr std::string_view kCachingSha2Password = "caching_sha2_password";
inline constexpr std::string_view kSha256Password = "sha256_password";
inline constexpr std::string_view kClearPassword = "mysql_clear_password";

/// Of every plugin here.
inline constexpr std::size_t kScrambleSize = 20;

/// The first byte of what a server sends during a login.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
inline constexpr char kOkPacket = '\x00';
inline constexpr char kAuthMoreData = '\x01';
inline constexpr char kAuthSwitchRequest = '\xFE';
inline constexpr char kErrorPacket = '\xFF';

/// Protocol::AuthSwitchRequest. `data` without the NUL behind it.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_auth_switch_request.html
struct AuthSwitchRequest {
  std::string plugin;
  std::string data;
};
/// Nothing when it is malformed; the old form, 0xFE alone, asks for mysql_old_password.
[[nodiscard]] std::optional<AuthSwitchRequest> parse_auth_switch_request(std::string_view payload);
[[nodiscard]] std::string auth_switch_request_payload(const AuthSwitchRequest& request);

/// 20 random bytes of which none is NUL, as clients treat them as text, and none is '$' or above 0x7F, as
/// MySQL's own are.
[[nodiscard]] std::string new_scramble(base::Random& random);

}  // namespace rolegate::wire::mysql

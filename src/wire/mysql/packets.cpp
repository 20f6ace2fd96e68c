#include "wire/mysql/packets.hpp"

#include <algorithm>

#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {
namespace {

constexpr std::size_t kLongestPayload = 0xFFFFFF;
constexpr std::size_t kLongestMessage = 512;  // MYSQL_ERRMSG_SIZE

/// At most `bytes` of it, and no half of a UTF-8 character at the end.
std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_err_packet.html
std::optional<ErrorPacket> parse_error(std::string_view payload) {
  PayloadReader reader(payload);
  ErrorPacket error;
  const bool is_error = reader.u8() == 0xFF;
  error.code = reader.u16();
  if (!is_error || !reader.ok()) return std::nullopt;
  std::string_view message = reader.rest();
  if (message.size() >= 6 && message.front() == '#') {
    error.sqlstate = message.substr(1, 5);
    message.remove_prefix(6);
  }
  error.message = message;
  return error;
}

std::string error_packet(std::uint8_t sequence, const ErrorPacket& error) {
  std::string payload("\xFF");
  append_integer(payload, error.code, 2);
  if (!error.sqlstate.empty()) {
    payload.push_back('#');
    payload.append(error.sqlstate.size() == 5 ? error.sqlstate : "HY000");
  }
  payload.append(cut(error.message, kLongestMessage));
  return framed(sequence, payload);
}

std::string framed(std::uint8_t sequence, std::string_view payload) {
  std::string packets;
  packets.reserve(payload.size() + 4 * (payload.size() / kLongestPayload + 1));
  for (bool last = false; !last; ++sequence) {
    const std::string_view part = payload.substr(0, kLongestPayload);
    append_integer(packets, part.size(), 3);
    append_integer(packets, sequence, 1);
    packets.append(part);
    payload.remove_prefix(part.size());
    last = part.size() < kLongestPayload;
  }
  return packets;
}

}  // namespace rolegate::wire::mysql

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "wire/mysql/auth_packets.hpp"
#include "wire/mysql/clear_password.hpp"
#include "wire/mysql/handshake_response.hpp"
#include "wire/mysql/kill_statement.hpp"
#include "wire/mysql/packets.hpp"

// What stands in MySQL's packets, from either side. The first byte chooses the reader. What was read and is
// written again must read the same.

namespace {

using namespace rolegate::wire::mysql;

void require(bool holds) {
  if (!holds) std::abort();
}

void greeting(std::string_view payload) {
  const auto read = parse_greeting(payload);
  if (!read) return;
  const std::string written = greeting_payload(*read);
  const auto again = parse_greeting(written);
  require(again.has_value() && again->server_version == read->server_version &&
          again->connection_id == read->connection_id && again->capabilities == read->capabilities);
  require((relayed(read->capabilities) & ~read->capabilities) == 0);
}

void error(std::string_view payload) {
  const auto read = parse_error(payload);
  if (!read) return;
  const std::string written = error_packet(1, *read);
  require(written.size() <= 4 + 9 + 512);
  require(parse_error(std::string_view(written).substr(4))->code == read->code);
}

void response(std::string_view payload) {
  const auto read = parse_handshake_response(payload, ~0ULL);
  if (!read || read->auth_response.size() > 250) return;
  const auto again = parse_handshake_response(handshake_response_payload(*read), ~0ULL);
  if (!again) return;  // without CLIENT_SECURE_CONNECTION: read, but not written
  require(again->user == read->user || (read->capabilities & (1U << 15)) == 0);
}

void kill(std::string_view text) {
  const Kills kills = find_kills(text);
  std::size_t behind = 0;
  for (const KillTarget& target : kills.targets) {
    require(target.offset >= behind && target.offset + target.length <= text.size());
    behind = target.offset + target.length;
    const std::string digits(text.substr(target.offset, target.length));
    require(!digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos);
    require(std::strtoull(digits.c_str(), nullptr, 10) == target.id);
  }
  require(!kills.alone || kills.targets.size() == 1);
  if (kills.targets.empty()) return;
  // With another id in it, it is the same text to the reader.
  const KillTarget& first = kills.targets.front();
  const Kills again = find_kills(std::string(text).replace(first.offset, first.length, "7"));
  require(again.targets.size() == kills.targets.size() && again.targets.front().id == 7 &&
          again.other_numbers == kills.other_numbers && again.alone == kills.alone);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view payload(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'g':
      greeting(payload);
      break;
    case 'e':
      error(payload);
      break;
    case 'r':
      response(payload);
      break;
    case 's':
      if (const auto read = parse_auth_switch_request(payload)) {
        const auto again = parse_auth_switch_request(auth_switch_request_payload(*read));
        require(again && again->plugin == read->plugin && again->data == read->data);
      }
      break;
    case 'k':
      kill(payload);
      break;
    case 'c':
      if (const auto password = parse_clear_password(payload))
        require(password->size() + 1 == payload.size());
      break;
    default:
      break;
  }
  return 0;
}

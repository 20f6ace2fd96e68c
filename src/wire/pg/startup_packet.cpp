#include "wire/pg/startup_packet.hpp"

#include <algorithm>
#include <unordered_set>

#include "wire/pg/framing.hpp"
#include "wire/proxy_header.hpp"

namespace rolegate::wire::pg {
namespace {

constexpr std::size_t kLengthSize = 4;
constexpr std::size_t kSmallest = 8;  // length and code
constexpr std::string_view kProtocolOption = "_pq_.";

std::string untyped_message(std::string_view body) {
  std::string packet;
  packet.reserve(kLengthSize + body.size());
  append_int32(packet, static_cast<std::uint32_t>(kLengthSize + body.size()));
  packet.append(body);
  return packet;
}

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

/// Names and values up to the empty name that ends them, which must be the last byte.
std::expected<Pairs, std::string_view> split(std::string_view body) {
  Pairs pairs;
  for (;;) {
    const auto name = take_string(body);
    if (!name) return std::unexpected("the start-up packet does not end with a NUL");
    if (name->empty()) break;
    const auto value = take_string(body);
    if (!value) return std::unexpected("a parameter of the start-up packet has no value");
    pairs.emplace_back(*name, *value);
  }
  if (!body.empty()) return std::unexpected("something follows the end of the start-up packet");
  return pairs;
}

void keep_last_of_each_name(Pairs& pairs) {
  std::unordered_set<std::string_view> seen;
  std::reverse(pairs.begin(), pairs.end());
  std::erase_if(pairs, [&](const auto& pair) { return !seen.insert(pair.first).second; });
  std::reverse(pairs.begin(), pairs.end());
}

}  // namespace

StartupPacket startup_packet_at_front(std::string_view bytes) {
  using enum StartupPacket::State;
  StartupPacket packet;
  if (bytes.empty()) return packet;
  // The first byte of a length below 16 MB is 0.
  if (bytes.front() != 0) {
    const ProxyHeader proxy = proxy_header_at_front(bytes);
    packet.state = bytes.front() == kTlsHandshake  ? tls
                   : proxy == ProxyHeader::yes     ? proxy_header
                   : proxy == ProxyHeader::perhaps ? incomplete
                                                   : not_postgresql;
    return packet;
  }
  if (bytes.size() < kLengthSize) return packet;
  const std::size_t size = int32_at_front(bytes);
  if (size < kSmallest) {
    packet.state = not_postgresql;
  } else if (size - kLengthSize > ServerLogin::kMaxStartup) {
    packet.state = too_long;
  } else if (bytes.size() >= size) {
    packet.state = complete;
    packet.code = int32_at_front(bytes.substr(kLengthSize));
    packet.body = bytes.substr(kSmallest, size - kSmallest);
    packet.size = size;
  }
  return packet;
}

std::expected<StartupParameters, std::string_view> parse_startup_parameters(std::string_view body) {
  auto pairs = split(body);
  if (!pairs) return std::unexpected(pairs.error());
  keep_last_of_each_name(*pairs);
  StartupParameters result;
  for (const auto& [name, value] : *pairs) {
    if (name == "user") {
      result.startup.user = value;
    } else if (name == "database") {
      result.startup.database = value;
    } else if (name.starts_with(kProtocolOption)) {
      result.protocol_options.emplace_back(name);
    } else {
      result.startup.parameters.emplace_back(name, value);
    }
  }
  result.startup.database_named = !result.startup.database.empty();
  if (!result.startup.database_named) result.startup.database = result.startup.user;
  return result;
}

std::string ssl_request() {
  std::string body;
  append_int32(body, kSslRequest);
  return untyped_message(body);
}

std::string cancel_request(const CancelKey& key) {
  std::string body;
  append_int32(body, kCancelRequest);
  append_int32(body, key.process_id);
  body += key.secret;
  return untyped_message(body);
}

std::string startup_message(std::string_view user, std::string_view database, const Parameters& parameters) {
  std::string body;
  append_int32(body, kProtocol30);
  const auto append = [&](std::string_view name, std::string_view value) {
    append_string(body, name);
    append_string(body, value);
  };
  append("user", user);
  if (!database.empty()) append("database", database);
  for (const auto& [text, value] : parameters) {
    const std::string_view name = std::string_view(text).substr(0, text.find('\0'));
    if (name.empty() || name == "user" || name == "database" || name.starts_with(kProtocolOption)) continue;
    append(name, value);
  }
  body.push_back('\0');
  return untyped_message(body);
}

std::string negotiate_protocol_version(std::uint32_t version,
                                       const std::vector<std::string>& unknown_options) {
  std::string body;
  // The documentation says "newest minor version"; PostgreSQL sends, and libpq reads, the whole of it.
  append_int32(body, version);
  append_int32(body, static_cast<std::uint32_t>(unknown_options.size()));
  for (const std::string& name : unknown_options) append_string(body, name);
  return message('v', body);
}

}  // namespace rolegate::wire::pg

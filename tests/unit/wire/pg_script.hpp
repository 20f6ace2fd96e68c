#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"

/// What the tests of both logins are made of. Messages are put together here without the code under test.
namespace rolegate::wire::pg::script {

using namespace std::string_literals;

/// 0, 1, 2 …: the first nonce of a login is kNonce.
class CountingRandom final : public base::Random {
 public:
  void fill(std::span<unsigned char> out) override {
    for (auto& byte : out) byte = next_++;
  }

 private:
  unsigned char next_ = 0;
};
inline constexpr const char* kNonce = "AAECAwQFBgcICQoLDA0ODxAR";

inline std::string int32(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}
inline std::string text(const std::string& value) { return value + '\0'; }
inline std::string msg(char type, const std::string& body) {
  return type + int32(static_cast<std::uint32_t>(body.size() + 4)) + body;
}
/// Without a type, as a client begins.
inline std::string packet(std::uint32_t code, const std::string& body = {}) {
  return int32(static_cast<std::uint32_t>(body.size() + 8)) + int32(code) + body;
}
inline const std::string kSslRequest = packet(80877103);
inline const std::string kGssencRequest = packet(80877104);
inline std::string cancel_request(std::uint32_t process_id, std::uint32_t secret) {
  return packet(80877102, int32(process_id) + int32(secret));
}
inline constexpr std::uint32_t kVersion30 = 0x00030000;
inline constexpr std::uint32_t kVersion32 = 0x00030002;
/// Names and values in turn.
inline std::string pairs(const std::vector<std::string>& texts) {
  std::string body;
  for (const auto& each : texts) body += text(each);
  return body + '\0';
}
inline std::string startup(const std::vector<std::string>& texts) { return packet(kVersion30, pairs(texts)); }

inline std::string authentication(std::uint32_t kind, const std::string& data = {}) {
  return msg('R', int32(kind) + data);
}
inline std::string sasl_initial(const std::string& mechanism, const std::string& data) {
  return msg('p', text(mechanism) + int32(static_cast<std::uint32_t>(data.size())) + data);
}
inline std::string error(const std::string& sqlstate, const std::string& message) {
  return msg('E', text("SFATAL") + text("VFATAL") + text("C" + sqlstate) + text("M" + message) + '\0');
}
inline std::string notice(const std::string& message) {
  return msg('N', text("SNOTICE") + text("VNOTICE") + text("C00000") + text("M" + message) + '\0');
}

inline std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

using Pieces = std::vector<std::string>;

/// The same pieces in every other way to receive them: each byte on its own, and each piece cut in two at
/// each place. Pieces are never joined: the peer waits for an answer between them.
inline std::vector<Pieces> splits(const Pieces& pieces) {
  std::vector<Pieces> ways;
  Pieces bytes;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    for (const char byte : pieces[i]) bytes.emplace_back(1, byte);
    for (std::size_t at = 1; at < pieces[i].size(); ++at) {
      Pieces way = pieces;
      way[i] = pieces[i].substr(0, at);
      way.insert(way.begin() + static_cast<std::ptrdiff_t>(i) + 1, pieces[i].substr(at));
      ways.push_back(std::move(way));
    }
  }
  ways.push_back(std::move(bytes));
  return ways;
}

}  // namespace rolegate::wire::pg::script

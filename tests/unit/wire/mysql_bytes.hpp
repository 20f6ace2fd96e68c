#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/random.hpp"

// Bytes of MySQL's protocol, made without the code under test.

namespace rolegate::wire::mysql {

using namespace std::string_literals;
using namespace std::string_view_literals;

inline std::string unhex(std::string_view digits) {
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(value(digits[i]) * 16 + value(digits[i + 1])));
  }
  return bytes;
}

inline std::string le(std::uint64_t value, int bytes) {
  std::string text;
  for (; bytes > 0; --bytes, value >>= 8) text.push_back(static_cast<char>(value & 0xFF));
  return text;
}

/// One packet of less than 16 MB.
inline std::string packet(int sequence, std::string_view payload) {
  return le(payload.size(), 3) + le(static_cast<std::uint64_t>(sequence), 1) + std::string(payload);
}

inline std::string ok_payload() { return "\0\0\0\2\0\0\0"s; }

/// The bytes 'A', 'B', 'C' … again and again: scrambles that a test can foresee.
class Alphabet final : public base::Random {
 public:
  void fill(std::span<unsigned char> out) override {
    for (unsigned char& byte : out) byte = static_cast<unsigned char>('A' + next_++ % 26);
  }

 private:
  unsigned next_ = 0;
};
inline constexpr std::string_view kFirstScramble = "ABCDEFGHIJKLMNOPQRST";
inline constexpr std::string_view kSecondScramble = "UVWXYZABCDEFGHIJKLMN";

/// What MariaDB 10.11 on Debian 12 says first.
inline std::string mariadb_greeting() {
  return unhex(
      "0a352e352e352d31302e31312e31392d4d6172696144422d302b6465623132753100050000003f2b595f50553b6500feff2d"
      "0200ff81150000000000001d0000006a67445c243d483056422840006d7973716c5f6e61746976655f70617373776f726400");
}
/// What MySQL 8.0 says first.
inline std::string mysql_greeting() {
  return "\x0a"
         "8.0.36\0"s +
         le(77, 4) + "abcdefgh\0"s + le(0xFFFF, 2) + le(255, 1) + le(2, 2) + le(0xDFFF, 2) + le(21, 1) +
         std::string(10, '\0') + "ijklmnopqrst\0caching_sha2_password\0"s;
}

}  // namespace rolegate::wire::mysql

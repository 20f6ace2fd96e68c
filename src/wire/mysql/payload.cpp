#include "wire/mysql/payload.hpp"

namespace rolegate::wire::mysql {

std::uint64_t PayloadReader::length_encoded() {
  const std::uint8_t first = u8();
  if (first < 0xFB) return first;
  if (first == 0xFC) return integer(2);
  if (first == 0xFD) return integer(3);
  if (first == 0xFE) return integer(8);
  ok_ = false;
  rest_ = {};
  return 0;
}

std::string_view PayloadReader::bytes(std::uint64_t count) {
  if (!require(count)) return {};
  const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(count));
  rest_.remove_prefix(taken.size());
  return taken;
}

std::string_view PayloadReader::until_nul() {
  const std::size_t length = rest_.find('\0');
  if (length == std::string_view::npos) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const std::string_view text = bytes(length);
  rest_.remove_prefix(1);
  return text;
}

void append_integer(std::string& payload, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i, value >>= 8) payload.push_back(static_cast<char>(value & 0xFF));
}

void append_length_encoded(std::string& payload, std::uint64_t value) {
  const std::size_t bytes = value < 0xFB ? 0 : value <= 0xFFFF ? 2 : value <= 0xFFFFFF ? 3 : 8;
  if (bytes == 0) return append_integer(payload, value, 1);
  payload.push_back(static_cast<char>(bytes == 2 ? 0xFC : bytes == 3 ? 0xFD : 0xFE));
  append_integer(payload, value, bytes);
}

void append_length_encoded(std::string& payload, std::string_view text) {
  append_length_encoded(payload, std::uint64_t{text.size()});
  payload.append(text);
}

void append_text(std::string& payload, std::string_view text) {
  payload.append(text);
  payload.push_back('\0');
}

}  // namespace rolegate::wire::mysql

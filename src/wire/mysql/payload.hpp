#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rolegate::wire::mysql {

/// Reads a packet's payload from its beginning. Once something was not there, everything after it reads as
/// zero or empty and ok() is false: a parser may read all it wants and ask once.
/// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_data_types.html
class PayloadReader {
 public:
  explicit PayloadReader(std::string_view payload) : rest_(payload) {}

  /// Little-endian, of 1 to 8 bytes.
  std::uint64_t integer(std::size_t bytes) {
    if (!require(bytes)) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = bytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(rest_[i]);
    rest_.remove_prefix(bytes);
    return value;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
  /// int<lenenc>. NULL (0xFB) and ERR (0xFF) in its place are failures.
  std::uint64_t length_encoded();
  std::string_view bytes(std::uint64_t count);
  /// string<NUL>, without the NUL, which must be there.
  std::string_view until_nul();
  /// string<lenenc>
  std::string_view length_encoded_bytes() { return bytes(length_encoded()); }
  /// Everything that is left.
  std::string_view rest() { return bytes(rest_.size()); }

  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  bool require(std::uint64_t bytes) {
    if (ok_ && bytes <= rest_.size()) return true;
    ok_ = false;
    rest_ = {};
    return false;
  }
  std::string_view rest_;
  bool ok_ = true;
};

/// Little-endian, of 1 to 8 bytes.
void append_integer(std::string& payload, std::uint64_t value, std::size_t bytes);
void append_length_encoded(std::string& payload, std::uint64_t value);
void append_length_encoded(std::string& payload, std::string_view text);
/// With a NUL behind it.
void append_text(std::string& payload, std::string_view text);

}  // namespace rolegate::wire::mysql

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rolegate::wire::pg {

/// Int32 of the protocol: four bytes, the most significant first.
void append_int32(std::string& to, std::uint32_t value);
/// The first four of `bytes`, which are there.
[[nodiscard]] inline std::uint32_t int32_at_front(std::string_view bytes) {
  const auto byte = [&](std::size_t at) { return std::uint32_t{static_cast<unsigned char>(bytes[at])}; };
  return byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
}

/// A String of the protocol; what follows a NUL in `text` would be taken for the next field, and is left out.
void append_string(std::string& to, std::string_view text);
/// The String that `bytes` begins with, without its NUL, and takes both away. Nothing when no NUL comes.
[[nodiscard]] std::optional<std::string_view> take_string(std::string_view& bytes);

/// Type, length, body.
[[nodiscard]] std::string message(char type, std::string_view body);

/// What stands at the front of the bytes that have come.
struct Frame {
  enum class State {
    incomplete,
    complete,
    malformed,  ///< the length is less than its own four bytes, or more than allowed
  };
  State state = State::incomplete;
  char type = 0;
  std::string_view body;
  std::string_view whole;  ///< with type and length
};
/// `max_length`: of the length field, which counts itself and the body.
[[nodiscard]] Frame frame_at_front(std::string_view bytes, std::size_t max_length);

}  // namespace rolegate::wire::pg

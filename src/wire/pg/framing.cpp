#include "wire/pg/framing.hpp"

namespace rolegate::wire::pg {
namespace {

constexpr std::size_t kLengthSize = 4;
constexpr std::size_t kHeaderSize = 1 + kLengthSize;

}  // namespace

void append_int32(std::string& to, std::uint32_t value) {
  for (const int shift : {24, 16, 8, 0}) to.push_back(static_cast<char>(value >> shift & 0xFF));
}

void append_string(std::string& to, std::string_view text) {
  to.append(text.substr(0, text.find('\0')));
  to.push_back('\0');
}

std::optional<std::string_view> take_string(std::string_view& bytes) {
  const std::size_t end = bytes.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view text = bytes.substr(0, end);
  bytes.remove_prefix(end + 1);
  return text;
}

std::string message(char type, std::string_view body) {
  std::string framed;
  framed.reserve(kHeaderSize + body.size());
  framed.push_back(type);
  append_int32(framed, static_cast<std::uint32_t>(kLengthSize + body.size()));
  framed.append(body);
  return framed;
}

Frame frame_at_front(std::string_view bytes, std::size_t max_length) {
  Frame frame;
  if (bytes.size() < kHeaderSize) return frame;
  frame.type = bytes.front();
  const std::size_t length = int32_at_front(bytes.substr(1));
  if (length < kLengthSize || length > max_length) {
    frame.state = Frame::State::malformed;
    return frame;
  }
  if (bytes.size() < 1 + length) return frame;
  frame.state = Frame::State::complete;
  frame.whole = bytes.substr(0, 1 + length);
  frame.body = frame.whole.substr(kHeaderSize);
  return frame;
}

}  // namespace rolegate::wire::pg

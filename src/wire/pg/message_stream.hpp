#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/pg/framing.hpp"

namespace rolegate::wire::pg {

/// Follows one direction of a session beyond its login, message by message, however the bytes are cut: a type
/// and a length are read, the rest is stepped over. Nothing is kept but a header that has not come whole yet.
/// https://www.postgresql.org/docs/15/protocol-overview.html#PROTOCOL-MESSAGE-CONCEPTS
class MessageStream {
 public:
  /// Calls `ended(char type)` wherever a message ends.
  template <typename Ended>
  void follow(std::string_view bytes, Ended ended) {
    while (!bytes.empty()) {
      if (header_size_ < header_.size() && !take_header(bytes)) continue;
      const std::size_t part = std::min<std::uint64_t>(left_, bytes.size());
      bytes.remove_prefix(part);
      left_ -= part;
      if (left_ > 0) return;
      header_size_ = 0;
      ended(type_);
    }
  }

  [[nodiscard]] bool between_messages() const { return header_size_ == 0; }

 private:
  /// Whole headers are read where they are; of one that is cut, a byte is kept at a time. False: it has not
  /// come whole yet.
  bool take_header(std::string_view& bytes) {
    if (header_size_ == 0 && bytes.size() >= header_.size()) {
      begin(bytes);
      bytes.remove_prefix(header_.size());
      return true;
    }
    header_[header_size_++] = bytes.front();
    bytes.remove_prefix(1);
    if (header_size_ < header_.size()) return false;
    begin({header_.data(), header_.size()});
    return true;
  }

  void begin(std::string_view header) {
    constexpr std::uint32_t kOfLength = 4;  // a length counts itself
    const std::uint32_t length = int32_at_front(header.substr(1));
    type_ = header.front();
    // Behind a length that cannot be one, nobody knows where messages end: this one never does.
    left_ = length < kOfLength ? UINT64_MAX : length - kOfLength;
    header_size_ = header_.size();
  }

  std::array<char, 5> header_{};
  std::size_t header_size_ = 0;  ///< all of it: inside of a message
  std::uint64_t left_ = 0;       ///< of the message's body
  char type_ = 0;
};

}  // namespace rolegate::wire::pg

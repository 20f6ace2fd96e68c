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
      // Most messages come whole, and need not be remembered.
      if (header_size_ == 0 && bytes.size() >= header_.size() && size_of(bytes) <= bytes.size()) {
        const char type = bytes.front();
        bytes.remove_prefix(static_cast<std::size_t>(size_of(bytes)));
        ended(type);
        continue;
      }
      if (header_size_ < header_.size()) {
        header_[header_size_++] = bytes.front();
        bytes.remove_prefix(1);
        if (header_size_ < header_.size()) continue;
        left_ = size_of({header_.data(), header_.size()}) - header_.size();
      }
      const std::size_t part = std::min<std::uint64_t>(left_, bytes.size());
      bytes.remove_prefix(part);
      left_ -= part;
      if (left_ > 0) return;
      header_size_ = 0;
      ended(header_.front());
    }
  }

  [[nodiscard]] bool between_messages() const { return header_size_ == 0; }

 private:
  /// Of a message that begins with `header`, all of it.
  [[nodiscard]] static std::uint64_t size_of(std::string_view header) {
    constexpr std::uint32_t kOfLength = 4;  // a length counts itself
    const std::uint32_t length = int32_at_front(header.substr(1));
    // Behind a length that cannot be one, nobody knows where messages end: this one never does.
    return length < kOfLength ? UINT64_MAX : std::uint64_t{1} + length;
  }

  std::array<char, 5> header_{};
  std::size_t header_size_ = 0;  ///< all of it: inside of a message
  std::uint64_t left_ = 0;       ///< of the message's body
};

}  // namespace rolegate::wire::pg

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rolegate::wire::pg {

/// What has come from the peer and has not been used yet. Whoever fills it sees to it that it stays small.
class InputBuffer {
 public:
  void append(std::string_view bytes) {
    bytes_.erase(0, used_);
    used_ = 0;
    bytes_.append(bytes);
  }
  /// Valid until the next append() or take().
  [[nodiscard]] std::string_view unread() const { return std::string_view(bytes_).substr(used_); }
  /// No bytes are moved: a peer that sends thousands of tiny messages at once must not cost their square.
  void consume(std::size_t count) { used_ += count; }
  /// Everything unread.
  [[nodiscard]] std::string take() {
    std::string rest(unread());
    bytes_.clear();
    used_ = 0;
    return rest;
  }

 private:
  std::string bytes_;
  std::size_t used_ = 0;
};

}  // namespace rolegate::wire::pg

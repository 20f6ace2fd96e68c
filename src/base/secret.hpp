#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace rolegate::base {

/// A password, token or key: move-only, on the heap, wiped when it goes away, and it does not print
/// (formatting or streaming one does not compile; tests/unit/base/secret_compile_fail holds that).
/// The text is followed by a NUL, so that C libraries can take it without a copy.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text);
  /// Takes the text over and wipes the string it came in.
  static Secret take(std::string&& text);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] Secret copy() const { return Secret(reveal()); }
  /// The text itself, valid as long as this object is. The name is meant to stand out in a review.
  [[nodiscard]] std::string_view reveal() const noexcept { return {c_str(), size_}; }
  [[nodiscard]] const char* c_str() const noexcept { return bytes_ ? bytes_.get() : ""; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Compares in a time that depends on the lengths only.
  [[nodiscard]] bool equals(std::string_view other) const noexcept;
  void wipe() noexcept;

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

/// Wipes a string that held a secret on its way somewhere (a request body, say), its spare capacity included.
void wipe(std::string& text) noexcept;

/// Wipes a string when the scope ends, whichever way it ends.
class WipeAtEnd {
 public:
  explicit WipeAtEnd(std::string& text) : text_(text) {}
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;
  ~WipeAtEnd() { wipe(text_); }

 private:
  std::string& text_;
};

template <typename Stream>
Stream& operator<<(Stream&, const Secret&) = delete;

}  // namespace rolegate::base

template <>
struct fmt::formatter<rolegate::base::Secret> {
  formatter() = delete;
};

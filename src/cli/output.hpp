#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rolegate::cli {

/// How text may look where it goes.
struct Style {
  bool terminal = false;    ///< a person reads it
  bool colour = false;      ///< ANSI colours: a terminal, and NO_COLOR (https://no-color.org) is not set
  bool unicode = false;     ///< the locale is UTF-8: box lines and check marks come out right
  std::size_t columns = 0;  ///< of the terminal; 0: nothing is wrapped
};

/// Standard output or standard error, buffered. After a write has failed (full disk, broken pipe) all else is
/// dropped, and `error` says why: the program must not claim success for an answer that nobody got.
class Output {
 public:
  explicit Output(Style style) : style_(style) {}
  virtual ~Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text);
  /// Writes `text` past the buffer, so that no copy of a secret stays behind.
  void write_secret(std::string_view text);
  void flush();
  [[nodiscard]] bool failed() const { return error_ != 0; }
  /// The errno of the first write that failed; 0 when none has.
  [[nodiscard]] int error() const { return error_; }
  [[nodiscard]] const Style& style() const { return style_; }

 protected:
  /// Writes all of `text`; gives an errno, 0 for success.
  [[nodiscard]] virtual int put(std::string_view text) = 0;

 private:
  static constexpr std::size_t kBufferSize = 1 << 16;

  Style style_;
  std::string buffer_;
  int error_ = 0;
};

/// An output on a file descriptor, which stays open.
class FdOutput final : public Output {
 public:
  FdOutput(int fd, Style style) : Output(style), fd_(fd) {}
  ~FdOutput() override { flush(); }

 protected:
  [[nodiscard]] int put(std::string_view text) override;

 private:
  int fd_;
};

}  // namespace rolegate::cli

#pragma once

#include <csignal>
#include <cstddef>
#include <span>

#include <termios.h>

namespace rolegate::cli {

/// A terminal that does not show what is typed, as long as this lives. A signal that ends or stops the
/// process meanwhile (Ctrl-C, Ctrl-\, Ctrl-Z, SIGTERM, SIGHUP) finds the terminal as it was before. For a
/// process with one thread: the signals are blocked for this one only.
class SilentTerminal {
 public:
  /// Throws std::system_error when `fd` is no terminal or cannot be set.
  explicit SilentTerminal(int fd);
  ~SilentTerminal();
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

  /// As read(2), but signals are looked after while it waits. -1 sets errno.
  [[nodiscard]] std::ptrdiff_t read(std::span<char> out);

 private:
  void silence();
  void restore();
  /// Lets the signal do what it does; returns when that was nothing, or when the process goes on after a
  /// stop.
  void let_through(int signal);

  int fd_;
  int signals_ = -1;  ///< signalfd
  termios before_{};
  sigset_t mask_before_{};
};

}  // namespace rolegate::cli

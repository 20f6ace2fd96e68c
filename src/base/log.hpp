#pragma once

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace rolegate::base {

enum class LogLevel { trace, debug, info, warning, error };

/// Where log lines go, injected; a program wires a real one in main. Implementations are thread-safe.
/// A secret never gets here: base::Secret does not format.
class Log {
 public:
  virtual ~Log() = default;
  [[nodiscard]] virtual bool enabled(LogLevel level) const = 0;
  virtual void write(LogLevel level, std::string_view line) = 0;

  template <typename... Args>
  void trace(fmt::format_string<Args...> format, Args&&... args) {
    put(LogLevel::trace, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) {
    put(LogLevel::debug, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    put(LogLevel::info, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) {
    put(LogLevel::warning, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) {
    put(LogLevel::error, format, std::forward<Args>(args)...);
  }

 private:
  template <typename... Args>
  void put(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
  }
};

/// For programs that want none: a library is silent unless its host asks.
class NoLog final : public Log {
 public:
  [[nodiscard]] bool enabled(LogLevel) const override { return false; }
  void write(LogLevel, std::string_view) override {}
};

}  // namespace rolegate::base

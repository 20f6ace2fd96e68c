#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/log.hpp"

namespace rolegate::login {

/// Keeps every line, trace included.
class RecordingLog final : public base::Log {
 public:
  [[nodiscard]] bool enabled(base::LogLevel) const override { return true; }
  void write(base::LogLevel level, std::string_view line) override {
    const std::lock_guard lock(mutex_);
    all_ += std::string(line) + "\n";
    if (level == base::LogLevel::warning) warnings_.emplace_back(line);
  }
  [[nodiscard]] std::vector<std::string> warnings() const {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }
  [[nodiscard]] std::string all() const {
    const std::lock_guard lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> warnings_;
  std::string all_;
};

}  // namespace rolegate::login

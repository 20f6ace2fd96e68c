#pragma once

#include <memory>
#include <mutex>
#include <string_view>

#include "base/log.hpp"

namespace spdlog {
class logger;
}

namespace rolegate::cli {

/// base::Log over spdlog, to standard error. The logger is made at the first line: most runs write none.
class SpdlogLog final : public base::Log {
 public:
  explicit SpdlogLog(base::LogLevel threshold);
  ~SpdlogLog() override;
  [[nodiscard]] bool enabled(base::LogLevel level) const override { return level >= threshold_; }
  void write(base::LogLevel level, std::string_view line) override;

 private:
  base::LogLevel threshold_;
  std::once_flag made_;
  std::shared_ptr<spdlog::logger> logger_;
};

/// How often -v was given: warnings, then info, debug, trace.
[[nodiscard]] base::LogLevel log_threshold(int verbosity);

}  // namespace rolegate::cli

#include "cli/spdlog_log.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include "base/printable.hpp"

namespace rolegate::cli {
namespace {

spdlog::level::level_enum spdlog_level(base::LogLevel level) {
  switch (level) {
    case base::LogLevel::trace:
      return spdlog::level::trace;
    case base::LogLevel::debug:
      return spdlog::level::debug;
    case base::LogLevel::info:
      return spdlog::level::info;
    case base::LogLevel::warning:
      return spdlog::level::warn;
    case base::LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

SpdlogLog::SpdlogLog(base::LogLevel threshold) : threshold_(threshold) {}
SpdlogLog::~SpdlogLog() = default;

void SpdlogLog::write(base::LogLevel level, std::string_view line) {
  std::call_once(made_, [&] {
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    logger_ = std::make_shared<spdlog::logger>("rolegate", std::move(sink));
    logger_->set_level(spdlog::level::trace);
    // Whoever did not ask for a log gets a warning that looks like every other message.
    logger_->set_pattern(
        threshold_ >= base::LogLevel::warning ? "rolegate: %^%l:%$ %v" : "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v",
        spdlog::pattern_time_type::utc);
  });
  logger_->log(spdlog_level(level), "{}", base::printable(line));
}

base::LogLevel log_threshold(int verbosity) {
  switch (verbosity) {
    case 0:
      return base::LogLevel::warning;
    case 1:
      return base::LogLevel::info;
    case 2:
      return base::LogLevel::debug;
    default:
      return base::LogLevel::trace;
  }
}

}  // namespace rolegate::cli

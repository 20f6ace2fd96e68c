#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "gateway/stats.hpp"

namespace rolegate::gateway {

/// Counts lines that did not get into the audit log, and says so in the log: when it begins and when it ends,
/// but not more than once a minute. Thread-safe.
class AuditLosses {
 public:
  AuditLosses(Stats& stats, base::Log& log) : stats_(&stats), log_(&log) {}

  void lost(std::uint64_t lines, std::string_view why, base::SteadyTime now);
  /// Lines get through again.
  void over();
  /// The lines go elsewhere from now on: whether they get through there is not known yet.
  void elsewhere() { happening_ = false; }
  /// Since the last line that was lost, none got through.
  [[nodiscard]] bool are_happening() const { return happening_; }
  /// From here on, neither the counters nor the log are touched.
  void close();

 private:
  std::mutex mutex_;
  Stats* stats_;
  base::Log* log_;
  std::uint64_t lines_ = 0;  ///< since it last got through
  std::atomic<bool> happening_ = false;
  bool said_ = false;  ///< that it does not get through
  base::SteadyTime say_again_{};
};

}  // namespace rolegate::gateway

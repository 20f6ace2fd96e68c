#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "gateway/audit/audit_log.hpp"

namespace rolegate::gateway {

/// Makes one line of failures that repeat, so that nobody can fill a disk by failing. Failures are of one
/// kind when client (IPv6: its /64), reason, database, listener and configured user are the same; users that
/// are not configured are one, or whoever makes up names could fill the table. The first of a kind is written
/// at once; those that follow are counted, and an interval after it one line sums them up: the last of them,
/// with their count and the time of the first. The table is bounded: what it has no room for is summed up in
/// one line of its own. For one thread at a time.
class AuditFolding {
 public:
  struct Limits {
    std::chrono::seconds interval{60};
    std::size_t kinds = 1000;
  };
  /// The reason of the line that sums up what the table has no room for.
  static constexpr std::string_view kMoreFailures = "more_failures";

  explicit AuditFolding(Limits limits) : limits_(limits) {}
  AuditFolding() : AuditFolding(Limits{}) {}

  /// True: the record was counted. False: it is to be written.
  [[nodiscard]] bool fold(const AuditRecord& record, base::SteadyTime now);
  /// When due() has something to do next.
  [[nodiscard]] std::optional<base::SteadyTime> next() const;
  /// The lines of the intervals that have ended.
  [[nodiscard]] std::vector<AuditRecord> due(base::SteadyTime now);
  /// The lines of all intervals, as if they ended now.
  [[nodiscard]] std::vector<AuditRecord> all();

 private:
  struct Kind {
    std::string key;
    base::SteadyTime until;
    AuditRecord sum;  ///< the last one that was counted; its count is that of all
  };
  using Kinds = std::list<Kind>;
  static void count(Kind& kind, const AuditRecord& record);
  static void take_sum(Kind& kind, std::vector<AuditRecord>& out);

  const Limits limits_;
  Kinds kinds_;                                                   ///< whose interval ends first is first
  std::unordered_map<std::string_view, Kinds::iterator> by_key_;  ///< its keys live in kinds_
};

}  // namespace rolegate::gateway

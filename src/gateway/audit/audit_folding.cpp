#include "gateway/audit/audit_folding.hpp"

#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace rolegate::gateway {

bool AuditFolding::fold(const AuditRecord& record, base::SteadyTime now) {
  if (record.event != AuditRecord::Event::fail) return false;
  // No name that is configured, no reason and no address has a line end in it.
  std::string key = fmt::format("{}\n{}\n{}\n{}\n{}", record.client_group, record.reason, record.database,
                                record.listener, record.user_is_known ? record.user : "");
  auto known = by_key_.find(key);
  if (known != by_key_.end()) {
    count(*known->second, record);
    return true;
  }
  const bool full = kinds_.size() >= limits_.kinds;
  if (full) {
    key.clear();
    known = by_key_.find(key);
  }
  if (known == by_key_.end()) {
    kinds_.push_back({std::move(key), now + limits_.interval, {}});
    known = by_key_.emplace(kinds_.back().key, std::prev(kinds_.end())).first;
  }
  if (!full) return false;
  AuditRecord other;
  other.event = record.event;
  other.time = record.time;
  other.reason = kMoreFailures;
  other.message = "Failures of more addresses and kinds than are told apart.";
  count(*known->second, other);
  return true;
}

void AuditFolding::count(Kind& kind, const AuditRecord& record) {
  const std::uint64_t before = kind.sum.count;
  const base::WallTime first = before == 0 ? record.time : kind.sum.first_time;
  kind.sum = record;
  kind.sum.count = before + 1;
  kind.sum.first_time = first;
}

void AuditFolding::take_sum(Kind& kind, std::vector<AuditRecord>& out) {
  if (kind.sum.count > 0) out.push_back(std::exchange(kind.sum, {}));
}

std::optional<base::SteadyTime> AuditFolding::next() const {
  return kinds_.empty() ? std::nullopt : std::optional(kinds_.front().until);
}

std::vector<AuditRecord> AuditFolding::due(base::SteadyTime now) {
  std::vector<AuditRecord> sums;
  while (!kinds_.empty() && kinds_.front().until <= now) {
    const auto kind = kinds_.begin();
    if (kind->sum.count == 0) {
      by_key_.erase(kind->key);  // before the text of its key
      kinds_.erase(kind);
      continue;
    }
    take_sum(*kind, sums);
    kind->until = now + limits_.interval;
    kinds_.splice(kinds_.end(), kinds_, kind);
  }
  return sums;
}

std::vector<AuditRecord> AuditFolding::all() {
  std::vector<AuditRecord> sums;
  for (Kind& kind : kinds_) take_sum(kind, sums);
  return sums;
}

}  // namespace rolegate::gateway

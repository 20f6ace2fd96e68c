#include "gateway/audit/audit_losses.hpp"

namespace rolegate::gateway {

void AuditLosses::lost(std::uint64_t lines, std::string_view why, base::SteadyTime now) {
  constexpr std::chrono::minutes kBetween(1);
  const std::lock_guard lock(mutex_);
  if (stats_ == nullptr || lines == 0) return;
  happening_ = true;
  stats_->audit_lines_lost.fetch_add(lines);
  lines_ += lines;
  if (said_ || now < say_again_) return;
  said_ = true;
  say_again_ = now + kBetween;
  log_->error("Lines of the audit log are being lost: {}.", why);
}

void AuditLosses::over() {
  const std::lock_guard lock(mutex_);
  happening_ = false;
  if (!said_ || stats_ == nullptr) return;
  log_->warning("The audit log is being written again; {} lines were lost.", lines_);
  said_ = false;
  lines_ = 0;
}

void AuditLosses::close() {
  const std::lock_guard lock(mutex_);
  stats_ = nullptr;
  log_ = nullptr;
}

}  // namespace rolegate::gateway

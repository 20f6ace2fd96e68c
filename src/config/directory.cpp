#include "config/directory.hpp"

#include <utility>

namespace rolegate::config {

std::shared_ptr<const Snapshot> Directory::snapshot() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

bool Directory::publish(const std::shared_ptr<const Snapshot>& before, std::shared_ptr<const Snapshot> next) {
  const std::lock_guard lock(mutex_);
  if (current_ != before) return false;
  // The parameter outlives the lock: what its predecessor alone holds goes away without it.
  current_.swap(next);
  return true;
}

}  // namespace rolegate::config

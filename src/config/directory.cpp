#include "config/directory.hpp"

#include <utility>

namespace rolegate::config {

std::shared_ptr<const Snapshot> Directory::snapshot() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

bool Directory::publish(std::shared_ptr<const Snapshot> next) {
  const std::lock_guard lock(mutex_);
  if (next->revision != current_->revision + 1) return false;
  // The parameter outlives the lock: what its predecessor alone holds goes away without it.
  current_.swap(next);
  return true;
}

}  // namespace rolegate::config

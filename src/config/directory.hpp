#pragma once

#include <memory>
#include <mutex>

#include "config/snapshot.hpp"

namespace rolegate::config {

/// Where the present snapshot is. Whoever takes one keeps it for as long as it likes, whatever is published
/// in the meantime. Thread-safe.
class Directory {
 public:
  /// At first there is an empty snapshot of revision 0.
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot() const;

  /// Puts `next`, which was made from `before` in one step or several, in its place. False: another one has
  /// been published since, and `next` has to be made anew from that.
  [[nodiscard]] bool publish(const std::shared_ptr<const Snapshot>& before,
                             std::shared_ptr<const Snapshot> next);

 private:
  // Held while one pointer is copied. Not std::atomic<std::shared_ptr>: that of libstdc++ 12 is a spin lock
  // inside, and its load() gives the lock back by a relaxed store, a data race that ThreadSanitizer reports.
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> current_ = std::make_shared<const Snapshot>();
};

}  // namespace rolegate::config

#include "login/refresher.hpp"

#include <utility>

#include "base/quiet_thread.hpp"

namespace rolegate::login {

void Refresher::arm() {
  if (armed_.exchange(true)) return;
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  if (!thread_) thread_ = base::start_quiet_thread([this] { run(); });
  // Without a thread the logins themselves still start renewals that are due; the next use tries again.
  if (!thread_) armed_ = false;
  wake_.notify_one();
}

void Refresher::stop() {
  std::optional<std::thread> thread;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    thread.swap(thread_);
  }
  wake_.notify_one();
  if (thread) thread->join();
}

bool Refresher::started() {
  const std::lock_guard lock(mutex_);
  return thread_.has_value();
}

void Refresher::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopped_ || armed_; });
    if (wake_.wait_for(lock, period_, [this] { return stopped_; })) return;
    // Before the check: a use that the check does not see any more arms again.
    armed_ = false;
    lock.unlock();
    const bool in_use = check_();
    lock.lock();
    if (in_use) armed_ = true;
  }
}

}  // namespace rolegate::login

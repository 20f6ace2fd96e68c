#include "login/call_pool.hpp"

#include <algorithm>
#include <utility>

#include "login/quiet_thread.hpp"

namespace rolegate::login {

void CallPool::submit(std::string lane, Urgency urgency, Call call) {
  // Declared before the lock: a call that is not made is destroyed after the lock is gone.
  Waiting job{std::move(lane), std::move(call)};
  const std::lock_guard lock(mutex_);
  if (stopped_ || for_logins_.size() + for_renewals_.size() >= limits_.queued) return;
  auto& queue = urgency == Urgency::login ? for_logins_ : for_renewals_;
  Lane& lane_of_job = lanes_[job.lane];
  queue.push_back(std::move(job));
  ++lane_of_job.waiting;
  if (runnable() > idle_ && threads_.size() < limits_.threads && !start_thread() && threads_.empty()) {
    // No thread at all can be had: this call will never be made, and nobody may wait for it.
    job = std::move(queue.back());
    queue.pop_back();
    --lane_of_job.waiting;
    return;
  }
  wake_.notify_one();
}

void CallPool::stop() {
  std::vector<std::thread> threads;
  std::deque<Waiting> dropped[2];
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    threads.swap(threads_);
    dropped[0].swap(for_logins_);
    dropped[1].swap(for_renewals_);
  }
  wake_.notify_all();
  for (auto& calls : dropped) calls.clear();
  for (auto& thread : threads) thread.join();
}

void CallPool::run() {
  for (;;) {
    Waiting job;
    {
      std::unique_lock lock(mutex_);
      while (!stopped_ && !take(job)) {
        ++idle_;
        wake_.wait(lock);
        --idle_;
      }
      if (stopped_) return;
      if (idle_ > 0 && runnable() > 0) wake_.notify_one();
    }
    job.call();
    job.call = nullptr;  // what it holds goes before the lane is given back
    const std::lock_guard lock(mutex_);
    release(job.lane);
  }
}

bool CallPool::take(Waiting& next) {
  const auto can_run = [this](const Waiting& job) { return lanes_.at(job.lane).running < limits_.per_lane; };
  for (auto* queue : {&for_logins_, &for_renewals_}) {
    const auto found = std::ranges::find_if(*queue, can_run);
    if (found == queue->end()) continue;
    next = std::move(*found);
    queue->erase(found);
    Lane& lane = lanes_.at(next.lane);
    --lane.waiting;
    ++lane.running;
    return true;
  }
  return false;
}

void CallPool::release(const std::string& lane) {
  const auto found = lanes_.find(lane);
  if (found == lanes_.end()) return;
  --found->second.running;
  if (found->second.running == 0 && found->second.waiting == 0) lanes_.erase(found);
}

std::size_t CallPool::runnable() const {
  std::size_t sum = 0;
  for (const auto& [name, lane] : lanes_) sum += std::min(lane.waiting, limits_.per_lane - lane.running);
  return sum;
}

bool CallPool::start_thread() {
  auto thread = start_quiet_thread([this] { run(); });
  if (!thread) return false;
  threads_.push_back(std::move(*thread));
  return true;
}

}  // namespace rolegate::login

#include "base/call_pool.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "base/quiet_thread.hpp"

namespace rolegate::base {

struct CallPool::Job {
  explicit Job(Call given) : call(std::move(given)) {}
  /// Only one gets it: who makes it, or who cancels it.
  [[nodiscard]] bool claim() { return !claimed.exchange(true); }

  Call call;
  std::atomic<bool> claimed{false};
};

bool CallPool::Pending::cancel() {
  if (!job_ || !job_->claim()) return false;
  job_->call = nullptr;
  return true;
}

CallPool::Pending CallPool::submit(const std::string& lane_name, Urgency urgency, Call call,
                                   const std::string& client) {
  std::vector<Pending> dropped;
  auto job = std::make_shared<Job>(std::move(call));
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return {};
    Lane& lane = lanes_.try_emplace(lane_name, Lane{.name = lane_name}).first->second;
    auto& queue = lane.waiting[static_cast<std::size_t>(urgency)];
    queue.push(client, job);
    if (queue.size() > limits_.queued) dropped.push_back(Pending(queue.pop_of_fullest(client)));
    settle(lane);
    if (runnable_ > idle_ && threads_.size() < limits_.threads && !start_thread() && threads_.empty()) {
      // No thread at all can be had: this call will never be made, and nobody may wait for it.
      dropped.push_back(Pending(queue.pop()));
      settle(lane);
    }
  }
  wake_.notify_one();
  for (Pending& one : dropped) one.cancel();  // without the lock: their destructors are somebody else's
  return Pending(std::move(job));
}

void CallPool::stop() {
  std::vector<std::thread> threads;
  std::vector<Pending> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    threads.swap(threads_);
    for (auto next = lanes_.begin(); next != lanes_.end();) {
      Lane& lane = (next++)->second;  // it may go
      for (auto& queue : lane.waiting) {
        while (queue.size() > 0) dropped.push_back(Pending(queue.pop()));
      }
      settle(lane);
    }
  }
  wake_.notify_all();
  for (Pending& one : dropped) one.cancel();
  for (auto& thread : threads) thread.join();
}

void CallPool::run() {
  for (;;) {
    JobPtr job;
    Lane* lane = nullptr;
    {
      std::unique_lock lock(mutex_);
      while (!stopped_ && (lane = take(job)) == nullptr) {
        ++idle_;
        wake_.wait(lock);
        --idle_;
      }
      if (stopped_) return;
      if (idle_ > 0 && runnable_ > 0) wake_.notify_one();
    }
    if (job->claim()) {
      job->call();
      job->call = nullptr;  // what it holds goes before the lane is given back
    }
    const std::lock_guard lock(mutex_);
    --lane->running;
    settle(*lane);
  }
}

CallPool::Lane* CallPool::take(JobPtr& next) {
  for (std::size_t urgency = 0; urgency < kUrgencies; ++urgency) {
    Turns& turns = turns_[urgency];
    if (turns.empty()) continue;
    Lane& lane = *turns.front();
    turns.splice(turns.end(), turns, turns.begin());
    next = lane.waiting[urgency].pop();
    ++lane.running;
    settle(lane);
    return &lane;
  }
  return nullptr;
}

/// After every change of a lane: it has a turn where it can run something, and goes away when it is empty.
void CallPool::settle(Lane& lane) {
  const std::size_t room = limits_.per_lane - lane.running;
  const std::size_t waiting = lane.waiting[0].size() + lane.waiting[1].size();
  runnable_ -= std::exchange(lane.runnable, std::min(waiting, room));
  runnable_ += lane.runnable;
  for (std::size_t urgency = 0; urgency < kUrgencies; ++urgency) {
    auto& turn = lane.turn[urgency];
    const bool can_run = room > 0 && lane.waiting[urgency].size() > 0;
    if (can_run && !turn) {
      turn = turns_[urgency].insert(turns_[urgency].end(), &lane);
    } else if (!can_run && turn) {
      turns_[urgency].erase(*turn);
      turn.reset();
    }
  }
  if (lane.running == 0 && waiting == 0) lanes_.erase(lanes_.find(lane.name));
}

bool CallPool::start_thread() {
  auto thread = start_quiet_thread([this] { run(); });
  if (!thread) return false;
  threads_.push_back(std::move(*thread));
  return true;
}

}  // namespace rolegate::base

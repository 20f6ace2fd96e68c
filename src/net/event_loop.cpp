#include "net/event_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace rolegate::net {
namespace {

[[noreturn]] void give_up(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

/// Ends a wait: an eventfd that another thread writes to.
class EventLoop::Wake final : public Watcher {
 public:
  Wake() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (!descriptor_) give_up("eventfd");
  }
  void ready(std::uint32_t) override {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(descriptor_.get(), &count, sizeof count);
  }
  void notify() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t put = ::write(descriptor_.get(), &one, sizeof one);
  }
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }

 private:
  base::Descriptor descriptor_;
};

struct EventLoop::Batch {
  std::array<epoll_event, kBatch> events;
  int count = 0;
  int next = 0;
};

EventLoop::EventLoop(const base::Clock& clock)
    : clock_(clock),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(std::make_unique<Wake>()),
      buffer_(kBuffer),
      now_(clock.steady()),
      batch_(std::make_unique<Batch>()) {
  if (!epoll_) give_up("epoll_create1");
  add(wake_->descriptor(), EPOLLIN, *wake_);
}

EventLoop::~EventLoop() {
  // What is destroyed may cancel, retire or post something in turn.
  std::exchange(timers_, {}).clear();
  std::exchange(long_, {}).clear();
  std::exchange(tasks_, {}).clear();
  std::exchange(posted_, {}).clear();
  while (!retired_.empty()) std::exchange(retired_, {}).clear();
}

void EventLoop::run() {
  while (run_round(wait_time()) != Round::last) {
  }
}

bool EventLoop::run_once() { return run_round(0) != Round::idle; }

EventLoop::Round EventLoop::run_round(int wait) {
  batch_->count = ::epoll_wait(epoll_.get(), batch_->events.data(), kBatch, wait);
  now_ = clock_.steady();
  bool busy = batch_->count > 0;
  // A watcher that is removed in the meantime is struck from the batch (see remove).
  for (batch_->next = 0; batch_->next < batch_->count;) {
    const epoll_event& event = batch_->events[static_cast<std::size_t>(batch_->next++)];
    if (event.data.ptr != nullptr) static_cast<Watcher*>(event.data.ptr)->ready(event.events);
  }
  if (!timers_.empty() && timers_.begin()->first.first <= now_) {
    busy = true;
    run_timers();
  }
  if (!long_.empty()) {
    busy = true;
    run_long();
  }
  bool stopping = false;
  if (tasks_left_) {
    busy = true;
    stopping = run_posted();
  }
  while (!retired_.empty()) std::exchange(retired_, {}).clear();
  if (stopping) return Round::last;
  return busy ? Round::busy : Round::idle;
}

void EventLoop::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  tasks_left_ = true;
  wake_->notify();
}

void EventLoop::post(Task task) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(task));
  tasks_left_ = true;
  if (posted_.size() == 1) wake_->notify();
}

bool EventLoop::run_posted() {
  for (int done = 0; done < kBatch; ++done) {
    if (tasks_.empty()) {
      if (tasks_are_last_) return true;
      const std::lock_guard lock(mutex_);
      tasks_.swap(posted_);
      tasks_are_last_ = stopping_;
      tasks_left_ = !tasks_.empty();
      if (!tasks_left_) return tasks_are_last_;
    }
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
  }
  return false;
}

void EventLoop::add(int descriptor, std::uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) give_up("epoll_ctl(add)");
}

void EventLoop::modify(int descriptor, std::uint32_t events, Watcher& watcher) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &watcher;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event) != 0) give_up("epoll_ctl(modify)");
}

void EventLoop::remove(int descriptor, Watcher& watcher) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
  for (int i = batch_->next; i < batch_->count; ++i) {
    // The structure is packed: its members must not be bound to references.
    epoll_event& event = batch_->events[static_cast<std::size_t>(i)];
    if (event.data.ptr == &watcher) event.data.ptr = nullptr;
  }
}

EventLoop::TimerId EventLoop::at(base::SteadyTime time, Task task) {
  const TimerId id{time, next_timer_++};
  timers_.emplace(id, std::move(task));
  return id;
}

EventLoop::TimerId EventLoop::in_turn(Task task) {
  const TimerId id{now_, next_timer_++};
  long_.emplace(id, std::move(task));
  return id;
}

void EventLoop::cancel(const TimerId& timer) {
  timers_.erase(timer);
  long_.erase(timer);
}

void EventLoop::run_long() {
  for (int done = 0; done < kLongAtOnce && !long_.empty(); ++done) {
    Task task = std::move(long_.begin()->second);
    long_.erase(long_.begin());
    task();
  }
}

void EventLoop::run_timers() {
  // Timers that a task sets for right now have their turn in the next round.
  const std::uint64_t before = next_timer_;
  int done = 0;
  for (auto first = timers_.begin(); first != timers_.end() && first->first.first <= now_ && done < kBatch;) {
    if (first->first.second >= before) {
      ++first;
      continue;
    }
    ++done;
    {
      Task task = std::move(first->second);
      timers_.erase(first);
      task();
    }  // what it holds may cancel other timers as it goes
    first = timers_.begin();
  }
}

int EventLoop::wait_time() const {
  if (tasks_left_ || !long_.empty()) return 0;
  if (timers_.empty()) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - clock_.steady());
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 3'600'000));
}

void EventLoop::retire(std::unique_ptr<Retired> object) { retired_.push_back(std::move(object)); }

}  // namespace rolegate::net

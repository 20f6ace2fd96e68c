#pragma once

#include <chrono>
#include <utility>

#include "base/clock.hpp"
#include "net/event_loop.hpp"

namespace rolegate::net {

/// What an object of a loop has still to do, once: setting it anew takes back what was set before, and so
/// does the end of the timer. Its task may destroy it. For the loop's thread.
///
/// Whoever tells the end of something tells it by `later`: what it calls then may destroy it, and whatever
/// has called it.
class Timer {
 public:
  explicit Timer(EventLoop& loop) : loop_(loop) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  void at(base::SteadyTime time, EventLoop::Task task) {
    cancel();
    id_ = loop_.at(time, std::move(task));
  }
  void in(std::chrono::milliseconds time, EventLoop::Task task) { at(loop_.now() + time, std::move(task)); }
  /// When what is on the stack now has come to its end.
  void later(EventLoop::Task task) { at(loop_.now(), std::move(task)); }
  /// Soon, of what takes about a millisecond: see EventLoop::in_turn.
  void in_turn(EventLoop::Task task) {
    cancel();
    id_ = loop_.in_turn(std::move(task));
  }
  void cancel() {
    if (id_.second != 0) loop_.cancel(std::exchange(id_, {}));
  }

 private:
  EventLoop& loop_;
  EventLoop::TimerId id_{};  ///< also of what has been done since
};

}  // namespace rolegate::net

#pragma once

#include <cstdint>

#include "net/event_loop.hpp"

namespace rolegate::net {

/// What is waited for at one descriptor. It goes away before the descriptor is closed. For the loop's thread.
class Watch {
 public:
  Watch(EventLoop& loop, int descriptor, Watcher& watcher)
      : loop_(loop), watcher_(watcher), descriptor_(descriptor) {}
  ~Watch() { want(0); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// `events`: of epoll_ctl(2). 0: nothing, not even a hang-up, of which the kernel would tell otherwise.
  void want(std::uint32_t events) {
    if (events != wanted_) change(events);
  }
  [[nodiscard]] std::uint32_t wanted() const { return wanted_; }

 private:
  void change(std::uint32_t events) {
    if (wanted_ == 0) {
      loop_.add(descriptor_, events, watcher_);
    } else if (events == 0) {
      loop_.remove(descriptor_, watcher_);
    } else {
      loop_.modify(descriptor_, events, watcher_);
    }
    wanted_ = events;
  }

  EventLoop& loop_;
  Watcher& watcher_;
  const int descriptor_;
  std::uint32_t wanted_ = 0;
};

}  // namespace rolegate::net

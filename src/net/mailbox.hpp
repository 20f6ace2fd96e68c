#pragma once

#include <memory>
#include <utility>

#include "net/event_loop.hpp"

namespace rolegate::net {

/// Where an object of a loop takes what comes back to it from other threads. What arrives after the mailbox
/// has gone is thrown away, on the loop's thread. The mailbox itself is for that thread alone.
class Mailbox {
 public:
  /// May be copied and used on any thread, as long as the loop is there.
  class Address {
   public:
    /// Has it done on the loop, soon, if the mailbox is still there then.
    void send(EventLoop::Task task) const {
      loop_->post([open = open_, task = std::move(task)]() mutable {
        if (*open) task();
      });
    }

   private:
    friend class Mailbox;
    Address(EventLoop& loop, std::shared_ptr<const bool> open) : loop_(&loop), open_(std::move(open)) {}
    EventLoop* loop_;
    std::shared_ptr<const bool> open_;  ///< looked at on the loop's thread only
  };

  explicit Mailbox(EventLoop& loop) : loop_(loop) {}
  ~Mailbox() { *open_ = false; }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  [[nodiscard]] Address address() const { return {loop_, open_}; }

 private:
  EventLoop& loop_;
  const std::shared_ptr<bool> open_ = std::make_shared<bool>(true);
};

}  // namespace rolegate::net

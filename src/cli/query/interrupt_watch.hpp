#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <mutex>
#include <thread>

namespace rolegate::cli {

/// Turns Ctrl-C into the cancelling of a query. While it lives, SIGINT is taken by a thread of its own (no
/// handler, so what it does need not be async-signal-safe): the first one while something is being watched
/// cancels that; any other ends the process, as it would without.
/// Made before other threads are, which inherit the blocked signal.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  /// `cancel` is called on the watch's thread, once at most, until the returned scope has ended.
  class [[nodiscard]] Scope {
   public:
    explicit Scope(InterruptWatch& watch) : watch_(watch) {}
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();

   private:
    InterruptWatch& watch_;
  };
  Scope watch(std::function<void()> cancel);
  [[nodiscard]] bool interrupted() const { return interrupted_; }

 private:
  void run();
  void on_signal();

  sigset_t previous_mask_{};
  int signals_ = -1;  ///< signalfd
  int stop_ = -1;     ///< eventfd
  std::mutex mutex_;
  std::function<void()> cancel_;
  std::atomic<bool> interrupted_ = false;
  std::thread thread_;
};

}  // namespace rolegate::cli

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "net/listening.hpp"

namespace rolegate::net {

/// Is told when a descriptor is ready.
class Watcher {
 public:
  virtual ~Watcher() = default;
  /// `events`: of epoll_ctl(2), EPOLLIN and so on.
  virtual void ready(std::uint32_t events) = 0;
};

/// Something that goes away at the end of the loop's round, when nobody on the stack uses it any more.
class Retired {
 public:
  virtual ~Retired() = default;
};

/// Waits for descriptors (level-triggered epoll) and for points in time, on one thread. Everything but `post`
/// and `stop` is for that thread alone.
///
/// A round is so many descriptors, timers and posted tasks (kBatch each) and no more, and of what takes long
/// so many (kLongAtOnce): however many there are of one sort, the others have their turn in between.
///
/// The time is that of a given clock. One that stands still, and run_once(), make a test of what takes time.
///
/// Not Asio, because the relay's whole cost is system calls and wake-ups: here a round trip of a query is two
/// waits, two reads and two writes, and an idle session costs no more than its descriptors.
class EventLoop {
 public:
  using Task = std::move_only_function<void()>;
  using TimerId = std::pair<base::SteadyTime, std::uint64_t>;

  static constexpr int kBatch = 128;
  static constexpr int kLongAtOnce = 4;

  /// `clock` outlives this.
  explicit EventLoop(const base::Clock& clock);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Until stop(). Tasks that were posted before it are done first.
  void run();
  /// One round that waits for nothing. False: there was nothing to do in it.
  bool run_once();
  /// Thread-safe.
  void stop();
  /// Has the task done on the loop's thread, soon, in the order of the calls. Thread-safe; after run() has
  /// ended tasks are destroyed with the loop, undone.
  void post(Task task);

  /// The watcher stays the caller's and must be removed before it goes away.
  void add(int descriptor, std::uint32_t events, Watcher& watcher);
  void modify(int descriptor, std::uint32_t events, Watcher& watcher);
  void remove(int descriptor, Watcher& watcher);

  TimerId at(base::SteadyTime time, Task task);
  TimerId in(std::chrono::milliseconds time, Task task) { return at(now_ + time, std::move(task)); }
  /// Has something done soon that takes about a millisecond (a TLS handshake): a few of them in each round,
  /// in the order of the calls. Cancelled as a timer is.
  TimerId in_turn(Task task);
  /// What has been done or cancelled is ignored.
  void cancel(const TimerId& timer);

  void retire(std::unique_ptr<Retired> object);

  /// The time at which this round began.
  [[nodiscard]] base::SteadyTime now() const { return now_; }
  /// Room for what is being relayed; its content does not outlive a callback.
  [[nodiscard]] std::span<char> buffer() { return buffer_; }

 private:
  static constexpr std::size_t kBuffer = std::size_t{128} << 10;
  class Wake;
  /// Says whether stop() has been called, and everything that was posted before it is done.
  [[nodiscard]] bool run_posted();
  void run_timers();
  void run_long();
  enum class Round { idle, busy, last };
  Round run_round(int wait);
  [[nodiscard]] int wait_time() const;

  const base::Clock& clock_;
  base::Descriptor epoll_;
  std::unique_ptr<Wake> wake_;
  std::vector<char> buffer_;
  base::SteadyTime now_;
  std::map<TimerId, Task> timers_;
  std::map<TimerId, Task> long_;  ///< see in_turn
  std::uint64_t next_timer_ = 1;
  std::vector<std::unique_ptr<Retired>> retired_;
  struct Batch;
  std::unique_ptr<Batch> batch_;

  std::deque<Task> tasks_;       ///< taken over from posted_
  bool tasks_are_last_ = false;  ///< stop() was called behind them

  /// Something is in tasks_ or posted_, perhaps, or stop() was called. It becomes true before the loop is
  /// woken, and false only while mutex_ is held: a round that does not see it yet is followed by one that
  /// does.
  std::atomic<bool> tasks_left_ = false;
  std::mutex mutex_;
  std::deque<Task> posted_;
  bool stopping_ = false;
};

}  // namespace rolegate::net

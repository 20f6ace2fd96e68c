#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/fair_queue.hpp"

namespace rolegate::base {

/// The threads on which AWS is asked, so that a login can give up without the call being lost, and renewals
/// happen behind everybody's back. No thread exists before the first call; there are never more than
/// `Limits::threads`. Calls are sorted into lanes, one per service endpoint, and a lane has at most
/// `Limits::per_lane` of them, and a queue of its own: an endpoint that stalls fills its own lane only.
/// Within a lane the clients for whom calls are made take turns.
class CallPool {
 public:
  struct Limits {
    std::size_t threads = 24;
    std::size_t per_lane = 6;
    std::size_t queued = 4096;  ///< in each lane, for logins and for renewals each
  };
  enum class Urgency { login, renewal };
  /// Must not throw, and must keep a deadline of its own. A call that is not made (the pool is stopped, or
  /// the lane full) is destroyed instead: whoever waits for it must learn that from its destructor.
  using Call = std::move_only_function<void()>;

 private:
  struct Job;

 public:
  /// A call that was submitted; may outlive the pool.
  class Pending {
   public:
    Pending() = default;
    /// Nobody waits for it any more. True: it is not made, and destroyed already. False: it has begun, or is
    /// over. Thread-safe.
    bool cancel();

   private:
    friend class CallPool;
    explicit Pending(std::shared_ptr<Job> job) : job_(std::move(job)) {}
    std::shared_ptr<Job> job_;
  };

  CallPool() = default;
  explicit CallPool(Limits limits) : limits_(limits) {}
  CallPool(const CallPool&) = delete;
  CallPool& operator=(const CallPool&) = delete;
  ~CallPool() { stop(); }

  /// Within a lane, calls that a login waits for go before renewals. In a full lane the client with the most
  /// calls loses its latest one: the one that comes, if that is the same client.
  Pending submit(const std::string& lane, Urgency urgency, Call call, const std::string& client = {});
  /// Drops what has not begun and waits for what has, that is, at most until its deadline. Idempotent.
  void stop();

 private:
  using JobPtr = std::shared_ptr<Job>;

  struct Lane;
  using Turns = std::list<Lane*>;
  static constexpr std::size_t kUrgencies = 2;
  struct Lane {
    std::string name;
    std::array<FairQueue<JobPtr>, kUrgencies> waiting{};
    std::array<std::optional<Turns::iterator>, kUrgencies>
        turn{};  ///< its place among those that can run one
    std::size_t running = 0;
    std::size_t runnable = 0;
  };

  void run();
  /// Null: nothing can run now.
  [[nodiscard]] Lane* take(JobPtr& next);
  void settle(Lane& lane);
  bool start_thread();

  const Limits limits_{};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, Lane> lanes_;
  std::array<Turns, kUrgencies> turns_;
  std::size_t runnable_ = 0;  ///< jobs that could run now if there were threads
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopped_ = false;
};

}  // namespace rolegate::base

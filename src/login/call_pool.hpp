#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace rolegate::login {

/// The threads on which AWS is asked, so that a login can give up without the call being lost, and renewals
/// happen behind everybody's back. No thread exists before the first call; there are never more than
/// `Limits::threads`. Calls are sorted into lanes, one per service endpoint, and a lane has at most
/// `Limits::per_lane` of them: an endpoint that stalls fills its own lane only.
class CallPool {
 public:
  struct Limits {
    std::size_t threads = 24;
    std::size_t per_lane = 6;
    std::size_t queued = 4096;
  };
  enum class Urgency { login, renewal };
  /// Must not throw, and must keep a deadline of its own. A call that is not made (the pool is stopped or its
  /// queue full) is destroyed instead: whoever waits for it must learn that from its destructor.
  using Call = std::move_only_function<void()>;

  CallPool() = default;
  explicit CallPool(Limits limits) : limits_(limits) {}
  CallPool(const CallPool&) = delete;
  CallPool& operator=(const CallPool&) = delete;
  ~CallPool() { stop(); }

  /// Within a lane, calls that a login waits for go before renewals.
  void submit(std::string lane, Urgency urgency, Call call);
  /// Drops what has not begun and waits for what has, that is, at most until its deadline. Idempotent.
  void stop();

 private:
  struct Waiting {
    std::string lane;
    Call call;
  };
  struct Lane {
    std::size_t running = 0;
    std::size_t waiting = 0;
  };

  void run();
  bool take(Waiting& next);
  void release(const std::string& lane);
  [[nodiscard]] std::size_t runnable() const;
  bool start_thread();

  const Limits limits_{};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> for_logins_;
  std::deque<Waiting> for_renewals_;
  std::map<std::string, Lane> lanes_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool stopped_ = false;
};

}  // namespace rolegate::login

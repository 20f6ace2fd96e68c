#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/fair_queue.hpp"
#include "base/token_bucket.hpp"

namespace rolegate::upstream {

/// The logins per second at one database, and the line of those that have to wait. In it the clients take
/// turns: a flood of logins delays only the client that it comes from. Whoever leaves the line has used
/// nothing up. Thread-safe.
class LoginRate {
 public:
  /// 0 or less: no limit.
  explicit LoginRate(int per_second) : per_second_(per_second), bucket_(per_second) {}

  [[nodiscard]] int per_second() const { return per_second_; }

  /// A login's place in the line: it is left when the login's turn has come, or when the place goes away. The
  /// rate outlives it.
  class Place {
   public:
    Place(LoginRate& rate, std::string client, std::function<void()> on_first)
        : rate_(rate), client_(std::move(client)), on_first_(std::move(on_first)) {}
    ~Place() { rate_.leave(*this); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    /// How long until the login's turn; zero: it is now, and the place is gone. Nothing: others are first.
    [[nodiscard]] std::optional<std::chrono::milliseconds> wait(base::SteadyTime now) {
      return rate_.wait(*this, now);
    }

   private:
    friend class LoginRate;
    LoginRate& rate_;
    const std::string client_;
    const std::function<void()> on_first_;
    bool in_line_ = false;
  };

  /// Null: the line is longer than `patience`. `on_first` is called, on whatever thread, when others were
  /// first and are no more; it must not call back.
  [[nodiscard]] std::unique_ptr<Place> enter(std::string client, std::function<void()> on_first,
                                             base::SteadyTime now, std::chrono::milliseconds patience);

 private:
  [[nodiscard]] std::optional<std::chrono::milliseconds> wait(Place& place, base::SteadyTime now);
  void leave(Place& place);
  void tell_first() const;

  const int per_second_;
  std::mutex mutex_;
  base::TokenBucket bucket_;
  base::FairQueue<Place*> line_;
};

}  // namespace rolegate::upstream

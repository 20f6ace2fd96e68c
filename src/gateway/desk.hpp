#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "config/database.hpp"
#include "gateway/stats.hpp"
#include "upstream/login_rate.hpp"

namespace rolegate::gateway {

/// What all sessions with one database have in common. Thread-safe.
class Desk {
 public:
  Desk(std::string name, config::Engine engine) : stats(std::move(name), engine) {}

  /// The line of its logins, of which so many a second have their turn. Another number begins another line;
  /// whoever stands in the one before stays there.
  [[nodiscard]] std::shared_ptr<upstream::LoginRate> rate(int per_second);

  DatabaseStats stats;

 private:
  std::mutex mutex_;
  std::shared_ptr<upstream::LoginRate> rate_;
};

}  // namespace rolegate::gateway

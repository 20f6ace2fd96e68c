#pragma once

#include <mutex>

#include "gateway/stats.hpp"

namespace rolegate::admin {

/// A gateway that is as healthy as the test says; it counts as the real one does.
class FakeGateway final : public gateway::Observed {
 public:
  [[nodiscard]] gateway::Health health() const override {
    const std::lock_guard lock(mutex_);
    return health_;
  }
  [[nodiscard]] gateway::Stats::Snapshot stats() const override {
    gateway::Stats::Snapshot stats = counted.snapshot();
    stats.databases = {orders.snapshot()};
    return stats;
  }

  void set(gateway::Health health) {
    const std::lock_guard lock(mutex_);
    health_ = health;
  }
  static gateway::Health well() {
    return {.started = true, .draining = false, .listeners_working = 2, .listeners_configured = 2};
  }

  gateway::Stats counted;
  gateway::DatabaseStats orders{"orders", config::Engine::postgresql};

 private:
  mutable std::mutex mutex_;
  gateway::Health health_;
};

}  // namespace rolegate::admin

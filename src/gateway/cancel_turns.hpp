#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/clock.hpp"
#include "base/token_bucket.hpp"

namespace rolegate::gateway {

/// Each CancelRequest costs a connection to a database, and whoever sends one need not have logged in. So a
/// session's are passed on one at a time, and those of an address group (address_group) so many a second;
/// more of them wait. Thread-safe.
class CancelTurns {
 public:
  static constexpr int kPerSecond = 50;
  /// How long one may wait for its turn.
  static constexpr std::chrono::seconds kPatience{5};

  /// `session`: whatever tells it from others. How long to wait before this one is passed on; then it is the
  /// caller's turn until give_back. Nothing: one for that session is on its way already, or too many of that
  /// address are waiting.
  [[nodiscard]] std::optional<std::chrono::milliseconds> take(const std::string& session,
                                                              std::string_view address, base::SteadyTime now);
  void give_back(const std::string& session);

 private:
  static constexpr std::size_t kMostGroups = 10000;
  std::mutex mutex_;
  std::unordered_set<std::string> on_their_way_;
  std::unordered_map<std::string, base::TokenBucket> rates_;
};

}  // namespace rolegate::gateway

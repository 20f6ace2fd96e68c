#include "gateway/cancel_turns.hpp"

#include "gateway/limits.hpp"

namespace rolegate::gateway {

std::optional<std::chrono::milliseconds> CancelTurns::take(const std::string& session,
                                                           std::string_view address, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (on_their_way_.contains(session)) return std::nullopt;
  // Thousands of addresses ago: whoever is still at it begins with a full bucket.
  if (rates_.size() >= kMostGroups) rates_.clear();
  base::TokenBucket& bucket = rates_.try_emplace(address_group(address), kPerSecond).first->second;
  const auto wait = bucket.reserve(now, kPatience);
  if (wait) on_their_way_.insert(session);
  return wait;
}

void CancelTurns::give_back(const std::string& session) {
  const std::lock_guard lock(mutex_);
  on_their_way_.erase(session);
}

}  // namespace rolegate::gateway

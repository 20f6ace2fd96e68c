#include "gateway/user_sessions.hpp"

#include <utility>

namespace rolegate::gateway {

UserSessions::Place::Place(Place&& other) noexcept
    : sessions_(std::exchange(other.sessions_, nullptr)), user_(std::move(other.user_)) {}

UserSessions::Place& UserSessions::Place::operator=(Place&& other) noexcept {
  std::swap(sessions_, other.sessions_);
  std::swap(user_, other.user_);
  return *this;
}

UserSessions::Place::~Place() {
  if (sessions_ != nullptr) sessions_->give_back(user_);
}

std::optional<UserSessions::Place> UserSessions::take(const std::string& user, std::size_t most) {
  const std::lock_guard lock(mutex_);
  const auto known = counts_.find(user);
  if (most != 0 && known != counts_.end() && known->second >= most) return std::nullopt;
  ++counts_[user];
  return std::optional<Place>(std::in_place, *this, user);
}

void UserSessions::give_back(const std::string& user) {
  const std::lock_guard lock(mutex_);
  const auto known = counts_.find(user);
  if (--known->second == 0) counts_.erase(known);
}

}  // namespace rolegate::gateway

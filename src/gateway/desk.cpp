#include "gateway/desk.hpp"

namespace rolegate::gateway {

std::shared_ptr<upstream::LoginRate> Desk::rate(int per_second) {
  const std::lock_guard lock(mutex_);
  if (!rate_ || rate_->per_second() != per_second) rate_ = std::make_shared<upstream::LoginRate>(per_second);
  return rate_;
}

}  // namespace rolegate::gateway

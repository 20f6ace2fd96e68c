#include "upstream/login_rate.hpp"

namespace rolegate::upstream {

std::unique_ptr<LoginRate::Place> LoginRate::enter(std::string client, std::function<void()> on_first,
                                                   base::SteadyTime now, std::chrono::milliseconds patience) {
  auto place = std::make_unique<Place>(*this, std::move(client), std::move(on_first));
  const std::lock_guard lock(mutex_);
  if (bucket_.wait(now, line_.ahead_of(place->client_)) > patience) return nullptr;
  line_.push(place->client_, place.get());
  place->in_line_ = true;
  return place;
}

std::optional<std::chrono::milliseconds> LoginRate::wait(Place& place, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (line_.front() != &place) return std::nullopt;
  if (!bucket_.reserve(now, std::chrono::milliseconds(0))) return bucket_.wait(now);
  line_.pop()->in_line_ = false;
  tell_first();
  return std::chrono::milliseconds(0);
}

void LoginRate::leave(Place& place) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(place.in_line_, false)) return;
  const bool was_first = line_.front() == &place;
  line_.remove(place.client_, &place);
  if (was_first) tell_first();
}

void LoginRate::tell_first() const {
  if (line_.size() > 0) line_.front()->on_first_();
}

}  // namespace rolegate::upstream

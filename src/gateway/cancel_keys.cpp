#include "gateway/cancel_keys.hpp"

#include <array>
#include <cstring>
#include <utility>

namespace rolegate::gateway {

wire::pg::CancelKey CancelKeys::give_out(base::Random& random) {
  for (;;) {
    std::array<unsigned char, 8> bytes{};
    random.fill(bytes);
    wire::pg::CancelKey key;
    std::memcpy(&key.process_id, bytes.data(), 4);
    std::memcpy(&key.secret, bytes.data() + 4, 4);
    key.process_id &= 0x7FFFFFFF;  // drivers take it for a signed number, and 0 for none
    if (key.process_id == 0) continue;
    const std::lock_guard lock(mutex_);
    if (targets_.try_emplace(number(key)).second) return key;
  }
}

void CancelKeys::open(const wire::pg::CancelKey& key, CancelTarget target) {
  const std::lock_guard lock(mutex_);
  targets_[number(key)] = std::move(target);
}

void CancelKeys::close(const wire::pg::CancelKey& key) {
  const std::lock_guard lock(mutex_);
  targets_.erase(number(key));
}

std::optional<CancelTarget> CancelKeys::find(const wire::pg::CancelKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = targets_.find(number(key));
  return found == targets_.end() ? std::nullopt : found->second;
}

}  // namespace rolegate::gateway

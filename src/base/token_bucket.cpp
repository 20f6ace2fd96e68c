#include "base/token_bucket.hpp"

#include <algorithm>
#include <cstdint>

namespace rolegate::base {

/// The generic cell rate algorithm (ITU-T I.371): tokens are an interval apart on a schedule of their own,
/// and one may be taken up to a second's worth before it is due.
std::chrono::milliseconds TokenBucket::wait(SteadyTime now, std::size_t others) const {
  using namespace std::chrono;
  if (per_second_ <= 0) return milliseconds(0);
  const nanoseconds early = kSecond - interval();
  const auto due = std::max<SteadyTime>(next_, now) + static_cast<std::int64_t>(others) * interval();
  // Rounded up: who comes back after that many milliseconds is not too early.
  return std::max(ceil<milliseconds>(due - early - now), milliseconds(0));
}

std::optional<std::chrono::milliseconds> TokenBucket::reserve(SteadyTime now,
                                                              std::chrono::milliseconds patience) {
  const auto wait = this->wait(now);
  if (wait > patience) return std::nullopt;
  if (per_second_ > 0) next_ = std::max<SteadyTime>(next_, now) + interval();
  return wait;
}

}  // namespace rolegate::base

#pragma once

#include <algorithm>
#include <cerrno>

#include <poll.h>

#include "base/clock.hpp"

namespace rolegate::connect {

/// poll(2) on one descriptor, to the deadline: 1 when it is ready (or broken, which the next call on it
/// says), 0 when the time is up, -1 with errno.
inline int poll_until(base::Deadline deadline, pollfd waiting) {
  for (;;) {
    const auto left = std::min<std::chrono::milliseconds::rep>(deadline.left().count(), 3'600'000);
    const int ready = left == 0 ? 0 : ::poll(&waiting, 1, static_cast<int>(left));
    if (ready >= 0 || errno != EINTR) return ready;
  }
}

}  // namespace rolegate::connect

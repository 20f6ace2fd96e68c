#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "login/login.hpp"
#include "login/steps.hpp"

namespace rolegate::upstream {

/// The numeric addresses of a host, in the order in which they should be tried (RFC 6724, getaddrinfo's own).
/// getaddrinfo cannot be cancelled and has no deadline, so it runs in a thread of its own that shares nothing
/// with the caller but the answer; when the deadline passes the thread is left behind. At most 32 may be left
/// behind at once: after that a name is refused rather than the process filled with threads. An address is
/// given back as it is, without a thread. Fails with resolve_failed, or connect_timeout at the deadline.
[[nodiscard]] base::Result<std::vector<std::string>> resolve(const std::string& host, std::uint16_t port,
                                                             base::Deadline deadline);

/// The same for login.dial, as a step of the way to a database, which the errors name. `steps` may be null.
[[nodiscard]] base::Result<std::vector<std::string>> resolve_step(const login::Login& login,
                                                                  base::Deadline deadline,
                                                                  login::Steps* steps);

/// What a look-up gives: addresses, or the reason why there are none.
struct LookedUp {
  std::vector<std::string> addresses;
  std::string reason;
  bool retryable = false;
};
/// resolve() with another way to look a name up: for tests. `look_up` runs in the other thread and may
/// outlive the call, so it must own what it uses.
[[nodiscard]] base::Result<std::vector<std::string>> resolve(
    const std::string& host, std::uint16_t port, base::Deadline deadline,
    std::function<LookedUp(const std::string& host)> look_up);

}  // namespace rolegate::upstream

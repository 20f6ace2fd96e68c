#pragma once

#include <string>

#include "base/error.hpp"
#include "net/listening.hpp"

namespace rolegate::net {

/// The right to make, replace and remove the unix socket at `socket_path`: an flock(2) on SOCKET_PATH.lock,
/// which ends with the process however it ends. The file holds the process id, which is what PostgreSQL and
/// MySQL look for in theirs. `address` is for the error's sentence: socket_path_unusable.
[[nodiscard]] base::Result<base::Descriptor> take_socket_lock(const std::string& socket_path,
                                                              const std::string& address);

/// Removes the file, if it is still the one that is locked, and gives the lock back.
void drop_socket_lock(base::Descriptor& lock, const std::string& socket_path) noexcept;

}  // namespace rolegate::net

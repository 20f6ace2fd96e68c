#pragma once

#include <functional>
#include <optional>
#include <thread>

namespace rolegate::base {

/// Starts a thread that receives no signals: a host program's handlers run in the host's threads. Nothing
/// when the system gives no further thread.
[[nodiscard]] std::optional<std::thread> start_quiet_thread(std::function<void()> work);

}  // namespace rolegate::base

#include "base/quiet_thread.hpp"

#include <csignal>
#include <system_error>
#include <utility>

namespace rolegate::base {

std::optional<std::thread> start_quiet_thread(std::function<void()> work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // A thread inherits the mask of the one that starts it (pthread_sigmask(3)).
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::optional<std::thread> thread;
  try {
    thread.emplace(std::move(work));
  } catch (const std::system_error&) {
    thread.reset();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace rolegate::base

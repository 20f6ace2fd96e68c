#pragma once

#include <csignal>
#include <vector>

#include <sys/resource.h>

namespace rolegate::cli {

/// What this process was started with and has changed for itself.
struct InheritedLimits {
  rlimit core{};
  struct sigaction sigpipe{};
  std::vector<unsigned> descriptors;  ///< open at the start, in ascending order
};

/// Before any secret exists: no core dumps and no reading of this process's memory by others of the same user
/// (RLIMIT_CORE, PR_SET_DUMPABLE); a broken pipe is an error of write, not a signal; descriptors 0, 1 and 2
/// are taken, so that no connection can become the standard output of a program started with them closed.
[[nodiscard]] InheritedLimits protect_process();

/// Gives back what was inherited, right before execvp: the program that is started is the user's own. Of the
/// descriptors it gets those that were open at the start (a shell's `<(…)` and `3<file`) and no other.
/// (The kernel itself resets PR_SET_DUMPABLE at execve.)
void restore_limits(const InheritedLimits& inherited);

}  // namespace rolegate::cli

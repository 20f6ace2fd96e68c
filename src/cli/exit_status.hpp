#pragma once

#include "base/error.hpp"

namespace rolegate::cli {

/// What the process exits with; part of the command line's contract.
enum class ExitStatus : int {
  done = 0,
  failed = 1,
  wrong_usage = 2,
  not_executable = 126,  ///< the program that was to be run cannot be, as shells have it
  not_found = 127,       ///< … or is not there
  interrupted = 130,     ///< 128 + SIGINT, as shells have it
};

/// Wrong usage and wrong configuration are for whoever typed or wrote it to mend: 2. What shells have a
/// number for gets that. Anything else: 1.
[[nodiscard]] ExitStatus exit_status(const base::Error& error);

}  // namespace rolegate::cli

#pragma once

#include "base/error.hpp"

namespace rolegate::cli {

/// What the process exits with; part of the command line's contract.
enum class ExitStatus : int { done = 0, failed = 1, wrong_usage = 2 };

/// Wrong usage and wrong configuration are for whoever typed or wrote it to mend: 2. Anything else: 1.
[[nodiscard]] ExitStatus exit_status(const base::Error& error);

}  // namespace rolegate::cli

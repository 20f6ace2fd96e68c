#pragma once

namespace rolegate::cli {

/// What the process exits with; part of the command line's contract.
enum ExitStatus : int { kDone = 0, kFailed = 1, kWrongUsage = 2 };

}  // namespace rolegate::cli

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

namespace rolegate::aws {

struct CommandOutput {
  base::Secret output;          ///< stdout
  std::string last_error_line;  ///< the last line of stderr that is not blank, fit for a message
  int exit_status = 0;          ///< 128 + number when a signal ended it
};

/// Runs a program (looked up in PATH) without a shell, with the process's environment, no standard input, and
/// a process group of its own. Ends the whole group when the deadline passes or when stdout exceeds
/// `max_output` bytes. Errors (credentials_unavailable) say what happened and never hold any of stdout.
/// `subject` begins them.
[[nodiscard]] base::Result<CommandOutput> run_command(const std::vector<std::string>& words,
                                                      const std::string& subject, base::Deadline deadline,
                                                      std::size_t max_output);

}  // namespace rolegate::aws

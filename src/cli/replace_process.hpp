#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/client_environment.hpp"
#include "cli/process_limits.hpp"

namespace rolegate::cli {

enum class ExecErrc { command_not_found, command_failed };
[[nodiscard]] std::string_view code_name(ExecErrc code);

/// Becomes `command` (looked up in PATH), with this process's environment and `variables` over it. The secret
/// is in the environment only, never in an argument that `ps` shows. Returns only with an error.
[[nodiscard]] base::Error replace_process(const std::vector<std::string>& command,
                                          const ClientEnvironment& variables,
                                          const InheritedLimits& inherited);

}  // namespace rolegate::cli

#pragma once

#include <span>
#include <string>
#include <variant>

#include "base/error.hpp"
#include "cli/ca_command.hpp"
#include "cli/completion_command.hpp"
#include "cli/config_check_command.hpp"
#include "cli/config_list_command.hpp"
#include "cli/connect_command.hpp"
#include "cli/context.hpp"
#include "cli/exec_command.hpp"
#include "cli/help_command.hpp"
#include "cli/passwd_command.hpp"
#include "cli/policy_command.hpp"
#include "cli/query_command.hpp"
#include "cli/serve_command.hpp"
#include "cli/test_command.hpp"
#include "cli/token_command.hpp"

namespace rolegate::cli {

using Command = std::variant<HelpArguments, VersionArguments, TokenArguments, QueryArguments, TestArguments,
                             ExecArguments, ServeArguments, ConnectArguments, PolicyArguments,
                             PasswdArguments, ConfigCheckArguments, ConfigListArguments, CaListArguments,
                             CaCheckArguments, CaUpdateArguments, CompletionArguments, CompleteArguments>;

/// What was typed.
struct Invocation {
  GlobalOptions options;
  Command command;
};

/// Reads the arguments (without the program's name). Pure. An error names the nearest command or option.
[[nodiscard]] base::Result<Invocation> parse_command_line(std::span<const std::string> arguments);

}  // namespace rolegate::cli

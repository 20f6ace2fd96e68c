#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/context.hpp"

namespace rolegate::cli {

struct HelpArguments {
  std::string command;  ///< empty: the program's own
};
struct VersionArguments {};

[[nodiscard]] ExitStatus run(Context& context, const HelpArguments& arguments);
[[nodiscard]] ExitStatus run(Context& context, const VersionArguments& arguments);

/// One subcommand as people see it.
struct CommandHelp {
  std::string_view name;     ///< "token", "config check"
  std::string_view summary;  ///< one line in `rolegate --help`
  std::string_view text;     ///< usage, options and an example
};
[[nodiscard]] std::span<const CommandHelp> all_help();

/// The text of `rolegate COMMAND --help`, or `rolegate --help`.
[[nodiscard]] std::string help_text(std::string_view command);

}  // namespace rolegate::cli

#pragma once

#include <string>
#include <vector>

namespace rolegate::cli {

/// A command with its options, for completion: "token" → "--json"; "" → those of all commands.
struct CommandOptions {
  std::string command;  ///< "token", "config check"; empty for the global ones
  std::vector<std::string> options;
};
/// Every command's, out of the grammar of command_line.cpp.
[[nodiscard]] std::vector<CommandOptions> known_options();

}  // namespace rolegate::cli

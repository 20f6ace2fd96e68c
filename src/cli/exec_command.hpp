#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"

namespace rolegate::cli {

struct ExecArguments {
  std::string database;
  std::vector<std::string> command;  ///< not empty
};

/// `rolegate exec DB -- CMD…`: becomes CMD (no child is left behind), with the login in its environment:
/// client_environment.hpp says which variables. Returns only when it could not.
[[nodiscard]] ExitStatus run(Context& context, const ExecArguments& arguments);

}  // namespace rolegate::cli

#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"

namespace rolegate::cli {

struct CaListArguments {
  std::string partition = "aws";
  bool json = false;
};
/// `rolegate ca list`: the certificates of Amazon's RDS bundle in use, and where it is.
[[nodiscard]] ExitStatus run(Context& context, const CaListArguments& arguments);

struct CaCheckArguments {
  std::vector<std::string> regions;  ///< empty: all that are known
};
/// `rolegate ca check`: which of the regions the bundle in use has no valid CA for, and what expires. Exit
/// status 1 when there is such a region.
[[nodiscard]] ExitStatus run(Context& context, const CaCheckArguments& arguments);

struct CaUpdateArguments {
  std::string partition = "aws";
  std::string from;  ///< https://… or a file; empty: where Amazon publishes it
};
/// `rolegate ca update`: puts Amazon's current bundle where it is found before the built-in one, once it has
/// been checked.
[[nodiscard]] ExitStatus run(Context& context, const CaUpdateArguments& arguments);

}  // namespace rolegate::cli

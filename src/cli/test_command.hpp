#pragma once

#include <string>

#include "cli/context.hpp"

namespace rolegate::cli {

struct TestArguments {
  std::string database;
  bool json = false;
};

/// `rolegate test DB`: walks the whole path, a query included, and shows every step.
[[nodiscard]] ExitStatus run(Context& context, const TestArguments& arguments);

}  // namespace rolegate::cli

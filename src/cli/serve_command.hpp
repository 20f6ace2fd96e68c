#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"

namespace rolegate::cli {

struct ServeArguments {
  std::vector<std::string> databases;  ///< empty: the configuration's gateway section says what is served
};

/// `rolegate serve [DB…]`: the gateway. Runs until SIGTERM or SIGINT, then lets sessions finish for as long
/// as drain_timeout says; a second signal ends them at once. SIGHUP reads the configuration again.
[[nodiscard]] ExitStatus run(Context& context, const ServeArguments& arguments);

}  // namespace rolegate::cli

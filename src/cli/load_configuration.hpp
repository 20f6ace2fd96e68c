#pragma once

#include "base/error.hpp"
#include "cli/context.hpp"
#include "config/config.hpp"

namespace rolegate::cli {

/// config::load for a command. A file that was found in the current folder is named on standard error: it
/// decides where secrets go, and nobody has named it.
[[nodiscard]] base::Result<config::Loaded> load_configuration(Context& context);

}  // namespace rolegate::cli

#pragma once

#include <string>

#include "base/error.hpp"
#include "cli/context.hpp"
#include "config/read/load.hpp"

namespace rolegate::cli {

/// config::load for a command. A file that was found in the current folder is named on standard error, before
/// anything is done with it: it decides where secrets go, and nobody has named it.
[[nodiscard]] base::Result<config::Loaded> load_configuration(Context& context);
/// The same of this file ("-": standard input), whatever --config says; empty: where one is found.
[[nodiscard]] base::Result<config::Loaded> load_configuration(Context& context, const std::string& file);

}  // namespace rolegate::cli

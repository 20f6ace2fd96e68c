#include "cli/load_configuration.hpp"

#include <fmt/format.h>

namespace rolegate::cli {

base::Result<config::Loaded> load_configuration(Context& context) {
  auto loaded = config::load(context.options.config_file, context.environment);
  if (loaded && loaded->found_in_current_folder) {
    context.err.write(fmt::format("rolegate: using ./{} of the current folder\n", config::kFileHere));
  }
  if (loaded) {
    context.log.info("read {}: {} valid databases, {} problems", loaded->config.file,
                     loaded->config.databases.size(), loaded->problems.size());
  }
  return loaded;
}

}  // namespace rolegate::cli

#include "cli/load_configuration.hpp"

#include <fmt/format.h>

#include "base/counted.hpp"
#include "config/read/find_file.hpp"

namespace rolegate::cli {

base::Result<config::Loaded> load_configuration(Context& context) {
  return load_configuration(context, context.options.config_file);
}

base::Result<config::Loaded> load_configuration(Context& context, const std::string& file) {
  auto loaded = config::load(file, context.environment);
  if (loaded && loaded->found_in_current_folder) {
    context.err.write(fmt::format("rolegate: using ./{} of the current folder\n", config::kFileHere));
    context.err.flush();
  }
  if (loaded) {
    context.log.info("read {}: {}", loaded->config.file,
                     base::counted(loaded->config.databases.size(), "valid database"));
  }
  return loaded;
}

}  // namespace rolegate::cli

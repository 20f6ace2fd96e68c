#pragma once

#include "cli/context.hpp"
#include "config/config.hpp"

namespace rolegate::cli {

struct ConfigListArguments {
  bool json = false;
};

/// `rolegate config list`: the databases of the configuration. A table on a terminal, else one name per line.
[[nodiscard]] ExitStatus run(Context& context, const ConfigListArguments& arguments);

/// `json`: [{"database", "kind", "engine", "host", "port", "user", "role_arn", "listen": [address…]}].
void write_config_list(Output& out, const config::Config& config, bool json);

}  // namespace rolegate::cli

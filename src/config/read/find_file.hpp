#pragma once

#include <string>
#include <string_view>

#include "base/environment.hpp"
#include "base/error.hpp"

namespace rolegate::config {

/// What is looked for in the current folder.
inline constexpr std::string_view kFileHere = "rolegate.yaml";

/// Where the configuration is: `explicit_path` (--config; "-" is standard input) if not empty, else
/// $ROLEGATE_CONFIG, else ./rolegate.yaml, else $XDG_CONFIG_HOME/rolegate/rolegate.yaml (~/.config by
/// default), else /etc/rolegate/rolegate.yaml. The error lists every place that was looked at.
[[nodiscard]] base::Result<std::string> find_file(const std::string& explicit_path,
                                                  const base::Environment& environment);

}  // namespace rolegate::config

#include "config/config.hpp"

namespace rolegate::config {

base::Result<const Database*> Loaded::find(std::string_view name) const {
  std::string broken;
  for (const Problem& problem : problems) {
    if (problem.severity != Severity::error || problem.database != name) continue;
    if (!broken.empty()) broken += '\n';
    broken += problem.text();
  }
  if (!broken.empty()) return base::fail(Errc::config_invalid, std::move(broken));
  return config.find(name);
}

}  // namespace rolegate::config

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/environment.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "config/read/load.hpp"

namespace rolegate::serve {

/// config::load of this file (empty: where one is found); whoever starts a service may say something about
/// it.
using LoadConfiguration = std::function<base::Result<config::Loaded>(const std::string& file)>;

/// The configuration of a service: read at its start, and from the same file at each reload. Its problems go
/// to the log.
class ServedConfiguration {
 public:
  /// The referents outlive it.
  struct Services {
    const base::Environment& environment;
    const base::Clock& clock;
    base::Log& log;
    LoadConfiguration load;
  };
  /// `file`: as the command line names it, or empty.
  ServedConfiguration(Services services, std::string file)
      : services_(std::move(services)), file_(std::move(file)) {}

  /// These databases alone, on unix sockets in `folder` that only this user can use, whatever the gateway
  /// section says.
  void serve_only(std::vector<std::string> databases, std::string folder);

  /// Broken databases are left out: they are no reason not to serve the others. Errors: those of config::load
  /// and config::Loaded::find; the gateway section is broken.
  [[nodiscard]] base::Result<config::Config> read_first();
  /// What is served is better than a configuration with errors, whichever: each is an error here.
  [[nodiscard]] base::Result<config::Config> read_again();

 private:
  using Read = base::Result<config::Config>;
  [[nodiscard]] Read read(bool again);
  [[nodiscard]] Read of_named_databases(config::Loaded loaded) const;
  void tell(config::Problem problem) const;

  const Services services_;
  std::string file_;
  std::string found_;  ///< that was read first; a reload reads no other
  std::vector<std::string> databases_;
  std::string folder_;
};

}  // namespace rolegate::serve

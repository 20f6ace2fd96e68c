#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/environment.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "login/login.hpp"
#include "serve/served_configuration.hpp"

namespace rolegate::serve {

/// What was asked for.
struct Options {
  std::string config_file;             ///< empty: config::find_file looks for it
  std::vector<std::string> databases;  ///< empty: the configuration's gateway section says what is served
  std::string version;                 ///< of the program
};

/// What a service stands on. The referents outlive it.
struct Surroundings {
  const base::Environment& environment;
  const base::Clock& clock;
  base::Log& log;
  /// The one path, made at the first call.
  std::function<login::LoginService&()> logins;
  LoadConfiguration load;
  /// To whoever started the service: what to type to connect.
  std::function<void(std::string_view)> print;
};

/// The gateway as a daemon, until SIGTERM or SIGINT; it then lets sessions finish for as long as
/// drain_timeout says, and a second signal ends them at once. SIGHUP reads the configuration again, and opens
/// the audit log anew. Error: why it could not start.
[[nodiscard]] base::Result<void> run_service(const Surroundings& surroundings, const Options& options);

}  // namespace rolegate::serve

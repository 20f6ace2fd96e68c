#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "aws/http.hpp"
#include "base/clock.hpp"
#include "base/environment.hpp"
#include "base/log.hpp"
#include "cli/exit_status.hpp"
#include "cli/output.hpp"
#include "cli/process_limits.hpp"
#include "login/login.hpp"

namespace rolegate::cli {

/// Options that every command takes.
struct GlobalOptions {
  std::string config_file;                           ///< --config; empty: config::find_file looks for it
  std::string profile;                               ///< --profile; empty: AWS_PROFILE
  std::optional<std::chrono::milliseconds> timeout;  ///< --timeout; else the database's connect_timeout
  int verbosity = 0;                                 ///< -v info, -vv debug, -vvv trace
};

/// What a command stands on; wired in main.cpp, faked in tests.
struct Context {
  const GlobalOptions& options;
  const base::Environment& environment;
  const base::Clock& clock;
  base::Log& log;
  Output& out;
  Output& err;
  const InheritedLimits& inherited;  ///< what a program that exec or connect starts gets back
  /// The one path, made at the first call: a command that does not log in does not pay for it.
  std::function<login::LoginService&()> login_service;
  /// What it asks AWS with, likewise.
  std::function<aws::HttpClient&()> http = {};
};

}  // namespace rolegate::cli

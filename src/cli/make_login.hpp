#pragma once

#include "base/error.hpp"
#include "cli/context.hpp"
#include "cli/find_database.hpp"
#include "login/login.hpp"
#include "login/steps.hpp"

namespace rolegate::cli {

/// One login of the database, within the time that the command line or the database gives it; its steps go to
/// the log.
[[nodiscard]] base::Result<login::Login> make_login(Context& context, const FoundDatabase& found);

/// With -vv: a line for each step that was walked.
void log_steps(base::Log& log, const login::Steps& steps);

}  // namespace rolegate::cli

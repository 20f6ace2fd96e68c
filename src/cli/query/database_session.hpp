#pragma once

#include <functional>
#include <string>

#include "base/error.hpp"
#include "cli/context.hpp"
#include "cli/find_database.hpp"
#include "cli/query/statement.hpp"
#include "login/steps.hpp"

namespace rolegate::cli {

/// execute_postgresql or execute_mysql, over an open session.
using Execute = std::function<base::Result<void>(const std::string& sql, StatementContext context)>;

/// Logs in to the database, whichever engine it has, and lets `use` run statements; closes the session after
/// it. The steps of the way there are added to `steps`, and go to the log.
[[nodiscard]] base::Result<void> with_session(Context& context, const FoundDatabase& found,
                                              login::Steps& steps,
                                              const std::function<base::Result<void>(const Execute&)>& use);

}  // namespace rolegate::cli

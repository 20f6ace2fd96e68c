#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "cli/context.hpp"
#include "cli/find_database.hpp"
#include "cli/query/interrupt_watch.hpp"
#include "login/steps.hpp"

namespace rolegate::cli {

/// Logs in to the database the way the gateway does, and asks it one question; gives the first row of the
/// answer. The steps are added to `steps`, and those of the login go to the log. Ctrl-C ends the question.
[[nodiscard]] base::Result<std::vector<std::string>> walk_as_gateway(Context& context,
                                                                     const FoundDatabase& found,
                                                                     std::string_view sql,
                                                                     InterruptWatch& interrupts,
                                                                     login::Steps& steps);

}  // namespace rolegate::cli

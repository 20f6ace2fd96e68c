#include "cli/exit_status.hpp"

#include <algorithm>
#include <array>

#include "base/file.hpp"
#include "cli/query/statement.hpp"
#include "cli/replace_process.hpp"
#include "cli/usage_error.hpp"
#include "config/config.hpp"
#include "doctor/policy.hpp"
#include "gateway/errc.hpp"
#include "gateway/server_tls.hpp"

namespace rolegate::cli {

ExitStatus exit_status(const base::Error& error) {
  const std::array mendable_by_the_user = {
      code_name(UsageErrc::wrong_usage),
      base::code_name(base::FileErrc::not_found),
      base::code_name(base::FileErrc::unreadable),
      base::code_name(base::FileErrc::too_large),
      base::code_name(base::FileErrc::not_trusted),
      config::code_name(config::Errc::config_not_found),
      config::code_name(config::Errc::config_invalid),
      config::code_name(config::Errc::database_not_found),
      config::code_name(config::Errc::feature_disabled),
      doctor::code_name(doctor::PolicyErrc::policy_argument_invalid),
      gateway::code_name(gateway::Errc::gateway_not_configured),
  };
  if (error.is(ExecErrc::command_not_found)) return ExitStatus::not_found;
  if (error.is(ExecErrc::command_failed)) return ExitStatus::not_executable;
  if (error.is(StatementErrc::query_cancelled)) return ExitStatus::interrupted;
  return std::ranges::find(mendable_by_the_user, error.code) != mendable_by_the_user.end()
             ? ExitStatus::wrong_usage
             : ExitStatus::failed;
}

}  // namespace rolegate::cli

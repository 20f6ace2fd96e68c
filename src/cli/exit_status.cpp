#include "cli/exit_status.hpp"

#include <algorithm>
#include <array>

#include "cli/command_line.hpp"
#include "config/config.hpp"
#include "gateway/errc.hpp"

namespace rolegate::cli {

ExitStatus exit_status(const base::Error& error) {
  const std::array mendable_by_the_user = {
      code_name(UsageErrc::wrong_usage),
      config::code_name(config::Errc::config_not_found),
      config::code_name(config::Errc::config_invalid),
      config::code_name(config::Errc::database_not_found),
      config::code_name(config::Errc::feature_disabled),
      gateway::code_name(gateway::Errc::gateway_not_configured),
  };
  return std::ranges::find(mendable_by_the_user, error.code) != mendable_by_the_user.end()
             ? ExitStatus::wrong_usage
             : ExitStatus::failed;
}

}  // namespace rolegate::cli

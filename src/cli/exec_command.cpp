#include "cli/exec_command.hpp"

#include "cli/client_environment.hpp"
#include "cli/error_report.hpp"
#include "cli/find_database.hpp"
#include "cli/make_login.hpp"
#include "cli/replace_process.hpp"

namespace rolegate::cli {

ExitStatus run(Context& context, const ExecArguments& arguments) {
  const auto found = find_database(context, arguments.database);
  if (!found) return report(context.err, found.error());
  const auto login = make_login(context, *found);
  if (!login) return report(context.err, login.error());
  const auto variables = client_environment(*login, context.environment);
  if (!variables) return report(context.err, variables.error());
  context.err.flush();
  return report(context.err, replace_process(arguments.command, *variables, context.inherited));
}

}  // namespace rolegate::cli

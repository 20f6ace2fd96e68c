#include "cli/connect_command.hpp"

#include "cli/client_environment.hpp"
#include "cli/client_program.hpp"
#include "cli/error_report.hpp"
#include "cli/find_database.hpp"
#include "cli/make_login.hpp"
#include "cli/replace_process.hpp"
#include "upstream/ca.hpp"

namespace rolegate::cli {
namespace {

/// Gives only the reason why this process has not become the client.
base::Error become_client(Context& context, const FoundDatabase& found,
                          const std::vector<std::string>& further) {
  // First what needs no AWS call.
  const auto client = find_client(found.database->uri.engine, context.environment);
  if (!client) return client.error();
  const auto login = make_login(context, found);
  if (!login) return login.error();
  const auto ca_file = upstream::ca_file(*login, context.environment);
  if (!ca_file) return ca_file.error();
  const auto command = client_command(*client, *login, *ca_file, further);
  if (!command) return command.error();
  const auto variables = client_environment(*login, context.environment);
  if (!variables) return variables.error();
  context.err.flush();
  return replace_process(*command, *variables, context.inherited);
}

}  // namespace

ExitStatus run(Context& context, const ConnectArguments& arguments) {
  const auto found = find_database(context, arguments.database);
  if (!found) return report(context.err, found.error());
  return report(context.err, become_client(context, *found, arguments.client_arguments));
}

}  // namespace rolegate::cli

#include "cli/serve_command.hpp"

#include "cli/error_report.hpp"
#include "cli/load_configuration.hpp"
#include "cli/version.hpp"
#include "serve/service.hpp"

namespace rolegate::cli {

ExitStatus run(Context& context, const ServeArguments& arguments) {
  const auto load = [&](const std::string& file) { return load_configuration(context, file); };
  const auto print = [&](std::string_view text) {
    context.out.write(text);
    context.out.flush();
  };
  const auto served = serve::run_service(
      {context.environment, context.clock, context.log, context.login_service, load, print},
      {context.options.config_file, arguments.databases, std::string(kVersion)});
  return served ? ExitStatus::done : report(context.err, served.error());
}

}  // namespace rolegate::cli

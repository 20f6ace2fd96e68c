#include "cli/policy_command.hpp"

#include "cli/error_report.hpp"
#include "cli/find_database.hpp"
#include "doctor/policy_format.hpp"

namespace rolegate::cli {

ExitStatus run(Context& context, const PolicyArguments& arguments) {
  const auto format = doctor::policy_format(arguments.format);
  const bool json = format == doctor::PolicyFormat::json;
  if (!format) {
    return report(context.err,
                  base::make_error(doctor::PolicyErrc::policy_argument_invalid,
                                   "--format " + arguments.format + " is unknown.",
                                   "Use text, json, terraform, cloudformation or sql."),
                  json);
  }
  const auto found = find_database(context, arguments.database);
  if (!found) return report(context.err, found.error(), json);
  const auto policies = doctor::policies_for(*found->database, arguments.options);
  if (!policies) return report(context.err, policies.error(), json);
  context.out.write(doctor::format_policies(*policies, *format));
  return ExitStatus::done;
}

}  // namespace rolegate::cli

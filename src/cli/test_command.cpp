#include "cli/test_command.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cli/find_database.hpp"
#include "cli/gateway_walk.hpp"
#include "cli/json_text.hpp"
#include "cli/query/interrupt_watch.hpp"
#include "cli/step_report.hpp"

namespace rolegate::cli {
namespace {

constexpr char kQuestion[] = "SELECT current_user, version()";

/// "PostgreSQL 15.18 (Debian …) on x86_64-pc-linux-gnu, compiled by …" without its platform and compiler;
/// "Redshift 1.0.48805" of what claims to be PostgreSQL 8 first.
std::string_view short_version(std::string_view version) {
  if (const auto redshift = version.rfind("Redshift "); redshift != std::string_view::npos) {
    version.remove_prefix(redshift);
  }
  constexpr std::size_t kEnough = 60;
  return version.substr(0, std::min({version.find(','), version.find(" on "), kEnough}));
}

/// Of the first row: "app_rw, PostgreSQL 15.18".
std::string answer_text(const std::vector<std::string>& row) {
  return row.size() < 2 ? std::string() : fmt::format("{}, {}", row[0], short_version(row[1]));
}

std::string endpoint(const config::Uri& uri) {
  if (uri.host.empty()) return {};
  std::string text = fmt::format("{}:{}", uri.host, uri.port_or_default());
  if (uri.connect_to) text += fmt::format(" through {}:{}", uri.connect_to->host, uri.connect_to->port);
  return text;
}

}  // namespace

ExitStatus run(Context& context, const TestArguments& arguments) {
  StepReport report;
  report.database = arguments.database;
  login::Steps steps;
  const auto found = steps.walk(login::StepName::config,
                                [&] { return find_database(context, arguments.database, Warnings::always); });
  if (found) {
    steps.detail(fmt::format("{}:{}", found->database->file, found->database->line));
    report.kind_title = kind_title(*found->database);
    report.kind_code = kind_code(found->database->kind());
    report.endpoint = endpoint(found->database->uri);
    InterruptWatch interrupts;  // before the login starts threads
    const auto row = walk_as_gateway(context, *found, kQuestion, interrupts, steps);
    if (row) {
      steps.detail(answer_text(*row));
    } else {
      report.failure = row.error();
    }
  } else {
    report.failure = found.error();
  }
  report.steps = steps.all();
  if (arguments.json) {
    context.out.write(json_text(step_report_json(report)) + "\n");
  } else {
    write_step_report(context.out, report);
  }
  return report.failure ? exit_status(*report.failure) : ExitStatus::done;
}

}  // namespace rolegate::cli

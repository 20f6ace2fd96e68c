#include "cli/test_command.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/client_variables.hpp"
#include "cli/find_database.hpp"
#include "cli/json_text.hpp"
#include "cli/query/database_session.hpp"
#include "cli/query/rows.hpp"
#include "cli/query/statement.hpp"
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

/// Keeps the first row, for the detail of the query step.
class FirstRow final : public RowWriter {
 public:
  void begin_result(std::vector<Column>) override {}
  void row(std::span<const Cell> cells) override {
    if (cells.size() < 2) return;
    text_ = fmt::format("{}, {}", cells[0].value_or(""), short_version(cells[1].value_or("")));
  }
  void end_result(std::uint64_t) override {}
  void finish() override {}
  [[nodiscard]] bool wanted() const override { return true; }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Notices have no place in the report.
class NoOutput final : public Output {
 public:
  NoOutput() : Output(Style{}) {}

 protected:
  [[nodiscard]] int put(std::string_view) override { return 0; }
};

base::Result<void> ask(login::Steps& steps, InterruptWatch& interrupts, const Execute& execute) {
  FirstRow row;
  NoOutput nowhere;
  auto done = steps.walk(login::StepName::query,
                         [&] { return execute(kQuestion, {row, nowhere, nowhere, interrupts}); });
  if (done) steps.detail(row.text());
  return done;
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
    forget_client_variables();
    InterruptWatch interrupts;  // before the login starts threads
    auto walked = with_session(context, *found, steps,
                               [&](const Execute& execute) { return ask(steps, interrupts, execute); });
    if (!walked) report.failure = std::move(walked.error());
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

#include "cli/query_command.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/client_variables.hpp"
#include "cli/error_report.hpp"
#include "cli/find_database.hpp"
#include "cli/query/csv_writer.hpp"
#include "cli/query/database_session.hpp"
#include "cli/query/json_writer.hpp"
#include "cli/query/statement.hpp"
#include "cli/query/table_writer.hpp"
#include "cli/usage_error.hpp"

namespace rolegate::cli {
namespace {

/// A script may be long, but not without bound: libpq and the server keep it whole.
constexpr std::size_t kMaxSql = 64 << 20;

base::Result<std::string> sql_text(const std::string& argument) {
  if (argument != "-") return argument;
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (got == 0) return text;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return base::fail(UsageErrc::wrong_usage, fmt::format("Standard input cannot be read: {}.",
                                                            std::generic_category().message(errno)));
    }
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxSql) {
      return base::fail(UsageErrc::wrong_usage,
                        fmt::format("The SQL on standard input is longer than {} MiB.", kMaxSql >> 20));
    }
  }
}

}  // namespace

std::unique_ptr<RowWriter> make_row_writer(RowFormat format, Output& out) {
  if (format == RowFormat::json) return std::make_unique<JsonWriter>(out);
  if (format == RowFormat::csv || !out.style().terminal) return std::make_unique<CsvWriter>(out);
  return std::make_unique<TableWriter>(out);
}

ExitStatus run(Context& context, const QueryArguments& arguments) {
  const bool json = arguments.format == RowFormat::json;
  const auto found = find_database(context, arguments.database);
  if (!found) return report(context.err, found.error(), json);
  const auto sql = sql_text(arguments.sql);
  if (!sql) return report(context.err, sql.error(), json);

  const auto rows = make_row_writer(arguments.format, context.out);
  forget_client_variables();
  InterruptWatch interrupts;  // before the login starts threads
  login::Steps steps;
  const auto done = with_session(context, *found, steps, [&](const Execute& execute) {
    return execute(*sql, {*rows, context.out, context.err, interrupts});
  });
  context.out.flush();                                  // the rows that did come belong before the error
  if (context.out.failed()) return ExitStatus::failed;  // main says why
  if (!done) return report(context.err, done.error(), json);
  return ExitStatus::done;
}

}  // namespace rolegate::cli

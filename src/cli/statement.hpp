#pragma once

#include <string>

#include "base/error.hpp"
#include "cli/interrupt_watch.hpp"
#include "cli/output.hpp"
#include "cli/rows.hpp"
#include "connect/connect.hpp"

namespace rolegate::cli {

/// What a statement needs around it: rows go to `rows`; "INSERT 0 3", notices and warnings to `err`; the raw
/// data of COPY … TO STDOUT to `out`; Ctrl-C comes from `interrupts`.
struct StatementContext {
  RowWriter& rows;
  Output& out;
  Output& err;
  InterruptWatch& interrupts;
};

enum class StatementErrc { query_cancelled, copy_from_stdin };
[[nodiscard]] std::string_view code_name(StatementErrc code);

/// Sends `sql` (one statement or several) through libpq's simple protocol and hands the results on row by row
/// (single-row mode: https://www.postgresql.org/docs/15/libpq-single-row-mode.html). Ctrl-C cancels it at the
/// server; so does a reader that has gone away.
[[nodiscard]] base::Result<void> execute_postgresql(pg_conn& connection, const std::string& sql,
                                                    StatementContext context);

/// The same through Connector/C (mysql_use_result). Ctrl-C closes the connection: the MySQL protocol knows no
/// other cancelling than KILL from a second login.
[[nodiscard]] base::Result<void> execute_mysql(st_mysql& connection, const std::string& sql,
                                               StatementContext context);

}  // namespace rolegate::cli

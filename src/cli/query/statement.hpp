#pragma once

#include <functional>
#include <string>

#include "base/error.hpp"
#include "cli/output.hpp"
#include "cli/query/interrupt_watch.hpp"
#include "cli/query/rows.hpp"
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

/// One more session with the same database; called from another thread than the statement's.
using OpenMysql = std::function<base::Result<connect::MysqlConnection>()>;

/// The same through Connector/C (mysql_use_result). The MySQL protocol knows no other cancelling than KILL
/// from a second session: Ctrl-C opens it; when it cannot be had, the connection is closed, and the error
/// says that the statement may go on. For a reader that has gone away the connection is closed.
[[nodiscard]] base::Result<void> execute_mysql(st_mysql& connection, const std::string& sql,
                                               StatementContext context, const OpenMysql& open_second);

}  // namespace rolegate::cli

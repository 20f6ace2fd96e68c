#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "base/printable.hpp"
#include "cli/query/statement.hpp"

namespace rolegate::cli {
namespace {

struct ClearResult {
  void operator()(PGresult* result) const noexcept { ::PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, ClearResult>;

struct FreeCancel {
  void operator()(PGcancel* cancel) const noexcept { ::PQfreeCancel(cancel); }
};
using CancelPtr = std::unique_ptr<PGcancel, FreeCancel>;

/// By the type's OID (src/include/catalog/pg_type.dat); these have been the same since PostgreSQL's
/// beginnings, and Redshift has them too.
ColumnType column_type(Oid oid) {
  switch (oid) {
    case 16:
      return ColumnType::boolean;
    case 20:    // int8
    case 21:    // int2
    case 23:    // int4
    case 26:    // oid
    case 700:   // float4
    case 701:   // float8
    case 1700:  // numeric
      return ColumnType::number;
    case 114:   // json
    case 3802:  // jsonb
      return ColumnType::json;
    default:
      return ColumnType::text;
  }
}

std::string trimmed(const char* text) {
  std::string_view view(text == nullptr ? "" : text);
  while (!view.empty() && (view.back() == '\n' || view.back() == ' ')) view.remove_suffix(1);
  return std::string(view);
}

/// "relation "x" does not exist (SQLSTATE 42P01)" and the lines that go with it (LINE, HINT, DETAIL).
std::string server_error(const PGresult& result) {
  std::string text = trimmed(::PQresultErrorMessage(&result));
  if (constexpr std::string_view kSeverity = "ERROR:"; text.starts_with(kSeverity)) {
    text.erase(0, text.find_first_not_of(' ', kSeverity.size()));
  }
  if (const char* state = ::PQresultErrorField(&result, PG_DIAG_SQLSTATE)) {
    text.insert(std::min(text.find('\n'), text.size()), fmt::format(" (SQLSTATE {})", state));
  }
  return text;
}

void write_notice(void* err, const char* message) {
  static_cast<Output*>(err)->write(base::printable_lines(trimmed(message)) + "\n");
}

/// One execution of a text that may hold several statements: its results one after the other.
class Execution {
 public:
  Execution(PGconn& connection, StatementContext context)
      : connection_(connection), context_(context), cancel_(::PQgetCancel(&connection)) {}

  base::Result<void> run(const std::string& sql) {
    const auto interrupts = context_.interrupts.watch([this] { cancel(); });
    if (::PQsendQuery(&connection_, sql.c_str()) == 0) return failed(trimmed(::PQerrorMessage(&connection_)));
    ::PQsetSingleRowMode(&connection_);
    base::Result<void> outcome;
    // Every result is read, also after an error: the connection has to come to rest.
    while (const ResultPtr result{::PQgetResult(&connection_)}) {
      auto taken = take(*result);
      if (!taken && outcome) outcome = std::move(taken);
      if (::PQstatus(&connection_) == CONNECTION_BAD) break;
    }
    if (outcome) context_.rows.finish();
    return outcome;
  }

 private:
  base::Result<void> take(PGresult& result) {
    switch (::PQresultStatus(&result)) {
      case PGRES_SINGLE_TUPLE:
        take_row(result);
        return {};
      case PGRES_TUPLES_OK:
        begin(result);
        context_.rows.end_result(rows_);
        in_result_ = false;
        rows_ = 0;
        return {};
      case PGRES_COMMAND_OK:
        if (const char* tag = ::PQcmdStatus(&result); *tag != '\0')
          context_.err.write(base::printable(tag) + "\n");
        return {};
      case PGRES_EMPTY_QUERY:
        return {};
      case PGRES_COPY_OUT:
        return copy_out();
      case PGRES_COPY_IN:
      case PGRES_COPY_BOTH:
        ::PQputCopyEnd(&connection_, "rolegate query sends no data");
        return base::fail(StatementErrc::copy_from_stdin,
                          "`rolegate query` cannot send data for COPY … FROM STDIN.",
                          "Use `rolegate connect` and psql's \\copy.");
      default:
        return failed(server_error(result));
    }
  }

  void begin(PGresult& result) {
    if (in_result_) return;
    in_result_ = true;
    std::vector<Column> columns;
    for (int i = 0; i < ::PQnfields(&result); ++i) {
      columns.push_back({::PQfname(&result, i), column_type(::PQftype(&result, i))});
    }
    context_.rows.begin_result(std::move(columns));
  }

  void take_row(PGresult& result) {
    begin(result);
    cells_.clear();
    for (int i = 0; i < ::PQnfields(&result); ++i) {
      if (::PQgetisnull(&result, 0, i) != 0) {
        cells_.emplace_back(std::nullopt);
      } else {
        cells_.emplace_back(std::string_view(::PQgetvalue(&result, 0, i),
                                             static_cast<std::size_t>(::PQgetlength(&result, 0, i))));
      }
    }
    context_.rows.row(cells_);
    ++rows_;
    if (!context_.rows.wanted()) cancel_once();
  }

  base::Result<void> copy_out() {
    char* data = nullptr;
    int size = 0;
    while ((size = ::PQgetCopyData(&connection_, &data, 0)) > 0) {
      const std::string_view row(data, static_cast<std::size_t>(size));
      context_.out.write(context_.out.style().terminal ? base::printable_lines(row) : std::string(row));
      ::PQfreemem(data);
      if (context_.out.failed()) cancel_once();
    }
    if (size == -2) return failed(trimmed(::PQerrorMessage(&connection_)));
    return {};
  }

  void cancel_once() {
    if (!cancelled_) cancel();
    cancelled_ = true;
  }

  void cancel() {
    char reason[256];
    if (cancel_) ::PQcancel(cancel_.get(), reason, sizeof reason);
  }

  base::Result<void> failed(std::string message) {
    if (context_.interrupts.interrupted())
      return base::fail(StatementErrc::query_cancelled, "The query was cancelled.");
    return base::fail(connect::Errc::query_failed, std::move(message));
  }

  PGconn& connection_;
  StatementContext context_;
  CancelPtr cancel_;
  std::vector<Cell> cells_;
  std::uint64_t rows_ = 0;
  bool in_result_ = false;
  bool cancelled_ = false;
};

}  // namespace

base::Result<void> execute_postgresql(pg_conn& connection, const std::string& sql, StatementContext context) {
  ::PQsetNoticeProcessor(&connection, write_notice, &context.err);
  return Execution(connection, context).run(sql);
}

}  // namespace rolegate::cli

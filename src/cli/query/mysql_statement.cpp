#include <memory>
#include <vector>

#include <fmt/format.h>
#include <mysql.h>
#include <sys/socket.h>

#include "base/sha256.hpp"
#include "cli/query/statement.hpp"

namespace rolegate::cli {
namespace {

struct FreeResult {
  void operator()(MYSQL_RES* result) const noexcept { ::mysql_free_result(result); }
};
using ResultPtr = std::unique_ptr<MYSQL_RES, FreeResult>;

/// Character set 63 ("binary") tells bytes from text
/// (https://dev.mysql.com/doc/c-api/8.0/en/c-api-data-structures.html, charsetnr).
constexpr unsigned kBinaryCharset = 63;

bool is_binary(const MYSQL_FIELD& field) {
  switch (field.type) {
    case MYSQL_TYPE_TINY_BLOB:
    case MYSQL_TYPE_MEDIUM_BLOB:
    case MYSQL_TYPE_LONG_BLOB:
    case MYSQL_TYPE_BLOB:
    case MYSQL_TYPE_VAR_STRING:
    case MYSQL_TYPE_STRING:
    case MYSQL_TYPE_VARCHAR:
      return field.charsetnr == kBinaryCharset;
    case MYSQL_TYPE_BIT:
    case MYSQL_TYPE_GEOMETRY:
      return true;
    default:
      return false;
  }
}

ColumnType column_type(const MYSQL_FIELD& field) {
  if (is_binary(field)) return ColumnType::text;
  if (field.type == MYSQL_TYPE_JSON) return ColumnType::json;
  return IS_NUM(field.type) && field.type != MYSQL_TYPE_NULL ? ColumnType::number : ColumnType::text;
}

/// Bytes as MySQL itself writes and reads them: 0x0A1B. An empty value stays empty.
std::string hex_literal(std::string_view bytes) {
  if (bytes.empty()) return {};
  return "0x" + base::hex(std::span(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

/// Ends a session from another one. KILL QUERY would miss what comes between two statements of one text.
base::Result<void> kill_session(const OpenMysql& open_second, unsigned long id) {
  const auto second = open_second();
  if (!second) return std::unexpected(second.error());
  const std::string kill = fmt::format("KILL CONNECTION {}", id);
  if (::mysql_real_query(second->get(), kill.data(), kill.size()) == 0) return {};
  return base::fail(connect::Errc::query_failed, fmt::format("{}: {}.", kill, ::mysql_error(second->get())));
}

class Execution {
 public:
  Execution(MYSQL& connection, StatementContext context, const OpenMysql& open_second)
      : connection_(connection), context_(context), open_second_(open_second) {}

  base::Result<void> run(const std::string& sql) {
    base::Result<void> outcome;
    {
      // The scope's end waits for a cancel that is under way.
      const auto interrupts = context_.interrupts.watch([this] { cancel(); });
      outcome = execute(sql);
    }
    if (!outcome && context_.interrupts.interrupted()) return cancelled();
    return outcome;
  }

 private:
  base::Result<void> execute(const std::string& sql) {
    // Off by default, as a guard against injection; here the text is the user's own.
    if (sql.find(';') < sql.find_last_not_of("; \t\r\n")) {
      ::mysql_set_server_option(&connection_, MYSQL_OPTION_MULTI_STATEMENTS_ON);
    }
    if (::mysql_real_query(&connection_, sql.data(), sql.size()) != 0) return failed();
    for (;;) {
      if (auto taken = take_result(); !taken) return taken;
      const int next = ::mysql_next_result(&connection_);
      if (next > 0) return failed();
      if (next < 0) break;
    }
    context_.rows.finish();
    return {};
  }

  base::Result<void> take_result() {
    const ResultPtr result(::mysql_use_result(&connection_));
    if (!result) {
      if (::mysql_field_count(&connection_) != 0) return failed();
      const auto affected = ::mysql_affected_rows(&connection_);
      context_.err.write(fmt::format("OK, {} {} affected\n", affected, affected == 1 ? "row" : "rows"));
      return {};
    }
    const unsigned count = ::mysql_num_fields(result.get());
    const MYSQL_FIELD* fields = ::mysql_fetch_fields(result.get());
    std::vector<Column> columns;
    for (unsigned i = 0; i < count; ++i) {
      columns.push_back({std::string(fields[i].name, fields[i].name_length), column_type(fields[i])});
    }
    context_.rows.begin_result(std::move(columns));
    std::uint64_t rows = 0;
    while (MYSQL_ROW row = ::mysql_fetch_row(result.get())) {
      take_row(row, ::mysql_fetch_lengths(result.get()), std::span(fields, count));
      ++rows;
      // Freeing the result would read on to its end; closing the connection is quicker than a billion rows.
      if (!context_.rows.wanted()) disconnect();
    }
    if (::mysql_errno(&connection_) != 0) return failed();
    context_.rows.end_result(rows);
    return {};
  }

  void take_row(MYSQL_ROW row, const unsigned long* lengths, std::span<const MYSQL_FIELD> fields) {
    cells_.clear();
    hex_.assign(fields.size(), {});
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (row[i] == nullptr) {
        cells_.emplace_back(std::nullopt);
        continue;
      }
      std::string_view text(row[i], lengths[i]);
      if (is_binary(fields[i])) text = hex_[i] = hex_literal(text);
      cells_.emplace_back(text);
    }
    context_.rows.row(cells_);
  }

  void disconnect() { ::shutdown(::mysql_get_socket(&connection_), SHUT_RDWR); }

  void cancel() {
    killed_ = kill_session(open_second_, ::mysql_thread_id(&connection_));
    if (!killed_) disconnect();
  }

  /// A server does not notice that a connection is closed before it has rows to send.
  base::Result<void> cancelled() {
    if (killed_) return base::fail(StatementErrc::query_cancelled, "The query was cancelled.");
    return base::fail(StatementErrc::query_cancelled,
                      fmt::format("The connection was closed, but the query may go on at the server, which "
                                  "could not be told to end it: {}",
                                  killed_.error().message),
                      "SHOW PROCESSLIST shows it there, and KILL ends it.");
  }

  base::Result<void> failed() {
    return base::fail(connect::Errc::query_failed,
                      fmt::format("{} (error {}, SQLSTATE {})", ::mysql_error(&connection_),
                                  ::mysql_errno(&connection_), ::mysql_sqlstate(&connection_)));
  }

  MYSQL& connection_;
  StatementContext context_;
  const OpenMysql& open_second_;
  base::Result<void> killed_;
  std::vector<Cell> cells_;
  std::vector<std::string> hex_;
};

}  // namespace

base::Result<void> execute_mysql(st_mysql& connection, const std::string& sql, StatementContext context,
                                 const OpenMysql& open_second) {
  return Execution(connection, context, open_second).run(sql);
}

}  // namespace rolegate::cli

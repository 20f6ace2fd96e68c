#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rolegate::cli {

/// How a column's text is to be taken. The databases' text form is kept in all of them.
enum class ColumnType {
  text,
  number,   ///< written as a JSON number, right-aligned in a table
  boolean,  ///< "t" and "f", PostgreSQL's only
  json,     ///< PostgreSQL's json and jsonb: nested as it is
};

struct Column {
  std::string name;
  ColumnType type = ColumnType::text;
};

/// A NULL has no text. Valid only during the call it is given to.
using Cell = std::optional<std::string_view>;

/// Takes the results of a query as they come in. A query of several statements gives several results.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual void begin_result(std::vector<Column> columns) = 0;
  virtual void row(std::span<const Cell> cells) = 0;
  virtual void end_result(std::uint64_t rows) = 0;
  /// After the last result, when all went well.
  virtual void finish() = 0;
  /// False once nobody takes the rows any more (a broken pipe, a full disk): the query is then cancelled.
  [[nodiscard]] virtual bool wanted() const = 0;
};

}  // namespace rolegate::cli

#pragma once

#include "cli/output.hpp"
#include "cli/query/rows.hpp"

namespace rolegate::cli {

/// One JSON array of objects per result, one row per line, written as the rows come. Values follow
/// PostgreSQL's own to_json: numbers stay numbers digit by digit (NaN and infinities are strings), booleans
/// and json values are themselves, NULL is null, all else is the database's text. Bytes that are no UTF-8
/// become U+FFFD. Columns keep their names, also where two have the same, as in row_to_json. A query without
/// any result gives []; a query that fails half way leaves its array open, so that nobody takes it for whole.
class JsonWriter final : public RowWriter {
 public:
  explicit JsonWriter(Output& out) : out_(out) {}
  void begin_result(std::vector<Column> columns) override;
  void row(std::span<const Cell> cells) override;
  void end_result(std::uint64_t rows) override;
  void finish() override;
  [[nodiscard]] bool wanted() const override { return !out_.failed(); }

 private:
  Output& out_;
  std::vector<std::string> keys_;  ///< with quotes and colon
  std::vector<ColumnType> types_;
  std::string line_;
  bool any_result_ = false;
  bool first_row_ = true;
};

/// Is `text` a number as RFC 8259 (section 6) writes one? "NaN", "1e", "007" are not.
[[nodiscard]] bool is_json_number(std::string_view text);

}  // namespace rolegate::cli

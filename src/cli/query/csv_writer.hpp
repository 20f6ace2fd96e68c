#pragma once

#include "cli/output.hpp"
#include "cli/query/rows.hpp"

namespace rolegate::cli {

/// CSV with a header line, quoted as RFC 4180 has it; lines end in LF, as every tool of this system expects
/// (and psql --csv writes). NULL is nothing at all, an empty string is "": PostgreSQL's COPY reads both back.
/// Several results are set apart by an empty line. On a terminal control characters become escapes.
class CsvWriter final : public RowWriter {
 public:
  explicit CsvWriter(Output& out) : out_(out) {}
  void begin_result(std::vector<Column> columns) override;
  void row(std::span<const Cell> cells) override;
  void end_result(std::uint64_t) override {}
  void finish() override {}
  [[nodiscard]] bool wanted() const override { return !out_.failed(); }

 private:
  /// What line_ holds.
  void write_line();

  Output& out_;
  std::string line_;
  bool first_result_ = true;
};

}  // namespace rolegate::cli

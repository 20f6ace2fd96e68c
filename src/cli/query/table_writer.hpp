#pragma once

#include <cstddef>

#include "cli/output.hpp"
#include "cli/query/rows.hpp"

namespace rolegate::cli {

/// A table for a terminal, in psql's manner. Widths are taken from the first rows (kWindowRows of them, or
/// kWindowBytes); later rows use the same widths, and a cell that is wider just takes the room it needs. So
/// the result is never whole in memory. Cells are printable(): nothing from the database reaches the terminal
/// raw.
class TableWriter final : public RowWriter {
 public:
  static constexpr std::size_t kWindowRows = 1000;
  static constexpr std::size_t kWindowBytes = 4 << 20;

  explicit TableWriter(Output& out) : out_(out) {}
  void begin_result(std::vector<Column> columns) override;
  void row(std::span<const Cell> cells) override;
  void end_result(std::uint64_t rows) override;
  void finish() override {}
  [[nodiscard]] bool wanted() const override { return !out_.failed(); }

 private:
  struct TableCell {
    std::string text;
    std::size_t width = 0;
    bool null = false;
  };

  void write_header();
  void write_row(const std::vector<TableCell>& cells);
  /// Writes what has been held back so far; rows go straight out from then on.
  void close_window();

  Output& out_;
  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<TableCell>> window_;
  std::size_t window_bytes_ = 0;
  bool window_open_ = true;
  bool first_result_ = true;
};

}  // namespace rolegate::cli

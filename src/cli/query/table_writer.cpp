#include "cli/query/table_writer.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/printable.hpp"
#include "cli/display_width.hpp"
#include "cli/style.hpp"

namespace rolegate::cli {

void TableWriter::begin_result(std::vector<Column> columns) {
  if (!first_result_) out_.write("\n");
  first_result_ = false;
  columns_ = std::move(columns);
  widths_.clear();
  for (auto& column : columns_) {
    column.name = base::printable(column.name);
    widths_.push_back(display_width(column.name));
  }
  window_.clear();
  window_bytes_ = 0;
  window_open_ = true;
}

void TableWriter::row(std::span<const Cell> cells) {
  std::vector<TableCell> made;
  made.reserve(cells.size());
  for (const Cell& cell : cells) {
    TableCell& added = made.emplace_back(cell ? base::printable(*cell) : "NULL", 0, !cell);
    added.width = display_width(added.text);
    window_bytes_ += added.text.size() + sizeof(TableCell);
  }
  if (!window_open_) {
    write_row(made);
    return;
  }
  for (std::size_t i = 0; i < made.size() && i < widths_.size(); ++i)
    widths_[i] = std::max(widths_[i], made[i].width);
  window_.push_back(std::move(made));
  if (window_.size() >= kWindowRows || window_bytes_ >= kWindowBytes) close_window();
}

void TableWriter::end_result(std::uint64_t rows) {
  close_window();
  out_.write(fmt::format("({} {})\n", rows, rows == 1 ? "row" : "rows"));
  out_.flush();
}

void TableWriter::close_window() {
  if (!window_open_) return;
  window_open_ = false;
  write_header();
  for (const auto& cells : window_) write_row(cells);
  window_.clear();
}

void TableWriter::write_header() {
  const bool unicode = out_.style().unicode;
  const Paint paint(out_.style());
  std::string names;
  std::string rule;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const std::size_t room = widths_[i] - display_width(columns_[i].name);
    if (i > 0) {
      names += unicode ? "│" : "|";
      rule += unicode ? "┼" : "+";
    }
    // Centred, as psql has it; nothing after the last one, so that no line is longer than it needs to be.
    names += fmt::format(" {:{}}{}{}{}", "", room / 2, paint.bold(), columns_[i].name, paint.off());
    if (i + 1 < columns_.size()) names.append(room - room / 2 + 1, ' ');
    for (std::size_t n = 0; n < widths_[i] + 2; ++n) rule += unicode ? "─" : "-";
  }
  out_.write(names + "\n" + rule + "\n");
}

void TableWriter::write_row(const std::vector<TableCell>& cells) {
  const Paint paint(out_.style());
  std::string line;
  for (std::size_t i = 0; i < cells.size() && i < columns_.size(); ++i) {
    const std::size_t room = widths_[i] - std::min(widths_[i], cells[i].width);
    const bool right = columns_[i].type == ColumnType::number;
    if (i > 0) line += out_.style().unicode ? "│" : "|";
    line.push_back(' ');
    if (right) line.append(room, ' ');
    if (cells[i].null) line += paint.dim();
    line += cells[i].text;
    if (cells[i].null) line += paint.off();
    if (i + 1 < cells.size()) line.append((right ? 0 : room) + 1, ' ');
  }
  line.push_back('\n');
  out_.write(line);
}

}  // namespace rolegate::cli

#include "cli/query/csv_writer.hpp"

#include "base/printable.hpp"

namespace rolegate::cli {
namespace {

void append_field(std::string& line, std::string_view text) {
  // psql quotes "\." too: alone on a line, COPY would take it for the end of the data.
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos && text != "\\.") {
    line += text;
    return;
  }
  line.push_back('"');
  for (const char c : text) {
    if (c == '"') line.push_back('"');
    line.push_back(c);
  }
  line.push_back('"');
}

}  // namespace

void CsvWriter::write_line() {
  line_.push_back('\n');
  // A file or a program gets the bytes as they are; a terminal would obey them.
  out_.write(out_.style().terminal ? base::printable_lines(line_) : line_);
}

void CsvWriter::begin_result(std::vector<Column> columns) {
  line_.clear();
  if (!first_result_) line_.push_back('\n');
  first_result_ = false;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) line_.push_back(',');
    append_field(line_, columns[i].name);
  }
  write_line();
}

void CsvWriter::row(std::span<const Cell> cells) {
  line_.clear();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line_.push_back(',');
    if (cells[i]) append_field(line_, *cells[i]);
  }
  write_line();
}

}  // namespace rolegate::cli

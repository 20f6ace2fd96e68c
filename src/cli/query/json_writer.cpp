#include "cli/query/json_writer.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>
#include <boost/json/string.hpp>

#include "base/printable.hpp"
#include "base/utf8.hpp"
#include "cli/json_text.hpp"

namespace rolegate::cli {
namespace json = boost::json;
namespace {

/// A document and nothing else, not nested deeper than the reader of our output can be expected to take.
bool is_json_document(std::string_view text) {
  json::error_code error;
  json::stream_parser parser;
  parser.write(text, error);
  if (!error) parser.finish(error);
  return !error && text.find('\n') == std::string_view::npos;
}

void append_value(std::string& line, std::string_view text, ColumnType type) {
  switch (type) {
    case ColumnType::number:
      if (!is_json_number(text)) break;
      line += text;
      return;
    case ColumnType::boolean:
      if (text != "t" && text != "f") break;
      line += text == "t" ? "true" : "false";
      return;
    case ColumnType::json:
      if (!base::is_utf8(text) || !is_json_document(text)) break;
      line += base::printable_json(text);
      return;
    case ColumnType::text:
      break;
  }
  line += json_string(text);
}

}  // namespace

bool is_json_number(std::string_view text) {
  const auto digits = [&] {
    std::size_t count = 0;
    while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
    text.remove_prefix(count);
    return count;
  };
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool leading_zero = text.starts_with('0');
  const std::size_t whole = digits();
  if (whole == 0 || (leading_zero && whole > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (digits() == 0) return false;
  }
  return text.empty();
}

void JsonWriter::begin_result(std::vector<Column> columns) {
  any_result_ = true;
  first_row_ = true;
  keys_.clear();
  types_.clear();
  for (const auto& column : columns) {
    keys_.push_back(json_string(column.name) + ":");
    types_.push_back(column.type);
  }
  out_.write("[");
}

void JsonWriter::row(std::span<const Cell> cells) {
  line_ = first_row_ ? "{" : ",\n {";
  first_row_ = false;
  for (std::size_t i = 0; i < cells.size() && i < keys_.size(); ++i) {
    if (i > 0) line_.push_back(',');
    line_ += keys_[i];
    if (cells[i]) {
      append_value(line_, *cells[i], types_[i]);
    } else {
      line_ += "null";
    }
  }
  line_.push_back('}');
  out_.write(line_);
}

void JsonWriter::end_result(std::uint64_t) { out_.write("]\n"); }

void JsonWriter::finish() {
  if (!any_result_) out_.write("[]\n");
}

}  // namespace rolegate::cli

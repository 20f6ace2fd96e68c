#include "config/text/json.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include "base/secret.hpp"

namespace rolegate::config {
namespace {

namespace json = boost::json;

/// Boost.JSON's events → nodes. Its own `value` would let duplicate keys through (the last one wins) and
/// knows no lines.
class Handler {
 public:
  // What basic_parser asks for; the text's length bounds all of them already.
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  explicit Handler(NodeBuilder& builder) : builder_(builder) {}
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  ~Handler() { base::wipe(text_); }

  void at(Place place) { place_ = place; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code& error) {
    return check(builder_.begin(Node::Type::map, place_), error);
  }
  bool on_object_end(std::size_t, json::error_code& error) { return check(builder_.end(), error); }
  bool on_array_begin(json::error_code& error) {
    return check(builder_.begin(Node::Type::list, place_), error);
  }
  bool on_array_end(std::size_t, json::error_code& error) { return check(builder_.end(), error); }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return append(part); }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    append(part);
    const bool done = check(builder_.key(text_, place_), error);
    text_.clear();
    return done;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return append(part); }
  bool on_string(json::string_view part, std::size_t, json::error_code& error) {
    append(part);
    return scalar(Node::Type::string, error);
  }
  bool on_number_part(json::string_view part, json::error_code&) { return append(part); }
  bool on_int64(std::int64_t, json::string_view part, json::error_code& error) {
    append(part);
    return scalar(Node::Type::integer, error);
  }
  bool on_uint64(std::uint64_t, json::string_view part, json::error_code& error) {
    append(part);
    return scalar(Node::Type::integer, error);
  }
  bool on_double(double, json::string_view part, json::error_code& error) {
    append(part);
    return scalar(Node::Type::number, error);
  }
  bool on_bool(bool value, json::error_code& error) {
    return check(builder_.scalar(Node::Type::boolean, value ? "true" : "false", place_), error);
  }
  bool on_null(json::error_code& error) {
    return check(builder_.scalar(Node::Type::null, {}, place_), error);
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  bool append(json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool scalar(Node::Type type, json::error_code& error) {
    const bool done = check(builder_.scalar(type, text_, place_), error);
    base::wipe(text_);
    return done;
  }
  static bool check(bool within_bounds, json::error_code& error) {
    if (!within_bounds) error = json::error::too_deep;
    return within_bounds;
  }

  NodeBuilder& builder_;
  Place place_;
  std::string text_;
};

SyntaxFault fault_at(Place place, std::size_t line, std::size_t column, const NodeBuilder& builder,
                     json::error_code error) {
  if (!builder.over().empty()) return {place, fmt::format("the JSON is refused. {}", builder.over()), {}};
  return {
      place,
      fmt::format("this is not valid JSON: {} at line {}, column {} of it.", error.message(), line, column),
      "Check quotes, commas and braces there."};
}

}  // namespace

Document read_json(std::string_view text, int line) {
  NodeBuilder builder;
  json::parse_options options;
  options.max_depth = 2 * NodeBuilder::kMaxDepth;  // the builder's own bound, and its words, come first
  json::basic_parser<Handler> parser(options, builder);
  const std::string_view trimmed = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  const bool one_line = trimmed.find('\n') == std::string_view::npos;

  // One line at a time, so that the handler knows the line of what it is told.
  std::size_t json_line = 0;
  std::size_t column = 1;
  Place place{line, one_line ? 0 : 1};
  json::error_code error;
  for (std::size_t start = 0; start < trimmed.size();) {
    const std::size_t end = std::min(trimmed.find('\n', start), trimmed.size() - 1) + 1;
    const std::string_view chunk = trimmed.substr(start, end - start);
    ++json_line;
    if (!one_line) place.json_line = static_cast<int>(json_line);
    parser.handler().at(place);
    const std::size_t consumed = parser.write_some(true, chunk.data(), chunk.size(), error);
    column = std::min(consumed + 1, chunk.size());
    if (!error && consumed < chunk.size()) error = json::error::extra_data;
    if (error) return {nullptr, fault_at(place, json_line, column, builder, error)};
    start = end;
  }
  parser.write_some(false, nullptr, 0, error);
  if (error) return {nullptr, fault_at(place, std::max<std::size_t>(json_line, 1), column, builder, error)};
  return {builder.last(), std::nullopt};
}

}  // namespace rolegate::config

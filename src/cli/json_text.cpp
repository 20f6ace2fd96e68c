#include "cli/json_text.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/printable.hpp"
#include "base/utf8.hpp"

namespace rolegate::cli {
namespace json = boost::json;
namespace {

/// To the sixth place.
std::string decimal(double number) {
  std::string text = fmt::format("{:.6f}", number);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

void append(std::string& out, const json::value& value) {
  if (const auto* number = value.if_double()) {
    out += decimal(*number);
  } else if (const auto* list = value.if_array()) {
    out.push_back('[');
    for (const json::value& item : *list) {
      if (&item != &list->front()) out.push_back(',');
      append(out, item);
    }
    out.push_back(']');
  } else if (const auto* object = value.if_object()) {
    out.push_back('{');
    for (const auto& member : *object) {
      if (&member != &*object->begin()) out.push_back(',');
      out += json::serialize(member.key()) + ":";
      append(out, member.value());
    }
    out.push_back('}');
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

std::string json_text(const json::value& value) {
  std::string out;
  append(out, value);
  return base::printable_json(out);
}

std::string json_string(std::string_view text) {
  if (!base::is_utf8(text)) return json_string(base::repaired_utf8(text));
  return base::printable_json(json::serialize(json::string_view(text.data(), text.size())));
}

}  // namespace rolegate::cli

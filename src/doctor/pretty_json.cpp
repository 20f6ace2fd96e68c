#include "doctor/pretty_json.hpp"

#include <boost/json/serialize.hpp>

namespace rolegate::doctor {
namespace {

bool plain(const boost::json::value& value) { return !value.is_object() && !value.is_array(); }

std::string indent(int level) { return std::string(static_cast<std::size_t>(level) * 2, ' '); }

}  // namespace

std::string pretty_json(const boost::json::value& value, int level) {
  std::string out;
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    for (const auto& [key, member] : *object) {
      out += out.empty() ? "{\n" : ",\n";
      out += indent(level + 1) + boost::json::serialize(key) + ": " + pretty_json(member, level + 1);
    }
    return out + "\n" + indent(level) + "}";
  }
  if (const auto* array = value.if_array();
      array != nullptr && !(array->empty() || (array->size() == 1 && plain(array->front())))) {
    for (const auto& element : *array) {
      out += out.empty() ? "[\n" : ",\n";
      out += indent(level + 1) + pretty_json(element, level + 1);
    }
    return out + "\n" + indent(level) + "]";
  }
  return boost::json::serialize(value);
}

}  // namespace rolegate::doctor

#include "config/fields.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/nearest.hpp"
#include "base/utf8.hpp"

namespace rolegate::config {

Fields::Fields(const Node& map, std::string path, Report& report)
    : map_(map), path_(std::move(path)), report_(report) {
  for (const Node::Entry& entry : map_.repeated) {
    const Place first = map_.find(entry.key)->place;
    report_.error(entry.place, this->path(entry.key),
                  first.json_line > 0
                      ? fmt::format("is there twice; first at line {} of the JSON.", first.json_line)
                      : fmt::format("is there twice; first at line {}.", first.line),
                  "Keep one of the two.");
  }
}

std::string Fields::path(std::string_view key) const {
  if (key.empty()) return path_;
  return path_.empty() ? shown(key) : fmt::format("{}.{}", path_, shown(key));
}

Place Fields::place(std::string_view key) const {
  const Node::Entry* entry = map_.find(key);
  if (entry == nullptr) return map_.place;
  return entry->value->place.line > 0 ? entry->value->place : entry->place;
}

bool Fields::is_unset(std::string_view key) const {
  const Node::Entry* entry = map_.find(key);
  if (entry == nullptr || entry->value->type == Node::Type::null) return true;
  return entry->value->type == Node::Type::string && entry->value->text.empty();
}

void Fields::error(std::string_view key, std::string message, std::string remedy) {
  report_.error(place(key), path(key), std::move(message), std::move(remedy));
}

void Fields::warning(std::string_view key, std::string message, std::string remedy) {
  report_.warning(place(key), path(key), std::move(message), std::move(remedy));
}

void Fields::unknown(const Node::Entry& entry, std::span<const std::string_view> known) {
  const std::string_view nearest = base::nearest(entry.key, known);
  report_.error(entry.place, path(entry.key), "unknown field.",
                nearest.empty() ? fmt::format("Known are {}.", listed(known))
                                : fmt::format("Did you mean '{}'?", nearest));
}

void Fields::wrong_type(const Node& node, const std::string& field, std::string_view wanted,
                        std::string_view remedy) {
  report_.error(node.place, field, fmt::format("must be {}, not {}.", wanted, type_name(node.type)),
                std::string(remedy));
}

const Node* Fields::of_type(std::string_view key, Node::Type type) {
  const Node::Entry* entry = map_.find(key);
  if (entry == nullptr || entry->value->type == Node::Type::null) return nullptr;
  if (entry->value->type == type) return entry->value.get();
  wrong_type(*entry->value, path(key), type_name(type), {});
  return nullptr;
}

bool Fields::check_text(const Node& node, const std::string& field, std::size_t max) {
  switch (node.type) {
    case Node::Type::string:
      break;
    case Node::Type::boolean:
    case Node::Type::integer:
    case Node::Type::number:
      wrong_type(node, field, "a string", "Put it in quotes.");
      return false;
    default:
      wrong_type(node, field, "a string", {});
      return false;
  }
  const std::size_t length = characters(node.text);
  if (length == 0) {
    report_.error(node.place, field, "is empty.", "Give it a value, or leave the field out.");
  } else if (length > max) {
    report_.error(node.place, field, fmt::format("has {} characters.", length),
                  fmt::format("It may have {}.", max));
  } else if (!base::is_utf8(node.text)) {
    report_.error(node.place, field, "is not valid UTF-8.");
  } else if (base::has_control_characters(node.text)) {
    report_.error(node.place, field, "holds a control character or a line break.", "Remove it.");
  } else {
    return true;
  }
  return false;
}

std::optional<Fields::Text> Fields::text(std::string_view key, std::size_t max) {
  const Node::Entry* entry = map_.find(key);
  if (entry == nullptr || entry->value->type == Node::Type::null) return std::nullopt;
  if (!check_text(*entry->value, path(key), max)) return std::nullopt;
  return Text{entry->value->text, entry->value->place};
}

std::vector<Fields::Text> Fields::texts(std::string_view key, std::size_t max_items, std::size_t max) {
  const Node* list = of_type(key, Node::Type::list);
  if (list == nullptr) return {};
  if (list->items.size() > max_items) {
    report_.error(list->place, path(key), fmt::format("has {} items.", list->items.size()),
                  fmt::format("It may have {}.", max_items));
    return {};
  }
  std::vector<Text> out;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& item = *list->items[i];
    if (check_text(item, fmt::format("{}[{}]", path(key), i), max)) out.push_back({item.text, item.place});
  }
  return out;
}

std::optional<bool> Fields::boolean(std::string_view key) {
  const Node::Entry* entry = map_.find(key);
  if (entry == nullptr || entry->value->type == Node::Type::null) return std::nullopt;
  if (entry->value->type == Node::Type::boolean) return entry->value->text == "true";
  wrong_type(*entry->value, path(key), "true or false", "Write true or false, without quotes.");
  return std::nullopt;
}

std::optional<std::chrono::seconds> Fields::seconds(std::string_view key, int low, int high) {
  const Node::Entry* entry = map_.find(key);
  if (entry == nullptr || entry->value->type == Node::Type::null) return std::nullopt;
  const Node& node = *entry->value;
  if (node.type != Node::Type::integer) {
    wrong_type(node, path(key), "a whole number of seconds",
               node.type == Node::Type::string ? "Write the digits without quotes." : "");
    return std::nullopt;
  }
  std::string_view digits = node.text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (fault != std::errc() || end != digits.data() + digits.size() || value < low || value > high) {
    error(key, fmt::format("must be from {} to {} seconds, not {}.", low, high, shown(node.text)));
    return std::nullopt;
  }
  return std::chrono::seconds(value);
}

std::string listed(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " and " : ", ";
    out += words[i];
  }
  return out;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace rolegate::config

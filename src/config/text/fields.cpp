#include "config/text/fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/nearest.hpp"
#include "base/utf8.hpp"
#include "config/text/placeholder.hpp"

namespace rolegate::config {

namespace {

/// For a value that stands where a whole number is wanted.
std::string_view number_remedy(const Node& node) {
  if (node.type != Node::Type::string) return {};
  const bool digits = node.text.find_first_not_of("0123456789") == std::string::npos;
  return digits ? "Write the digits without quotes." : "Write digits alone.";
}

}  // namespace

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

void Fields::unknown(const Node::Entry& entry, std::span<const std::string_view> known,
                     std::string_view meant) {
  const std::string_view nearest = meant.empty() ? base::nearest(entry.key, known) : meant;
  if (!nearest.empty()) meant_.emplace(nearest);
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
  } else if (holds_placeholder(node.text)) {
    report_.error(node.place, field, "holds a placeholder.", std::string(kPlaceholderRemedy));
  } else if (node.text.front() == ' ' || node.text.back() == ' ') {
    report_.error(node.place, field, "begins or ends with a blank.", "Remove it.");
  } else {
    return true;
  }
  return false;
}

std::optional<Fields::Text> Fields::text(std::string_view key, std::size_t max) {
  const Node::Entry* entry = map_.find(key);
  if (entry == nullptr || entry->value->type == Node::Type::null) return std::nullopt;
  if (!check_text(*entry->value, path(key), max)) return std::nullopt;
  return Text{entry->value->text, entry->value->place, 0};
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
    if (check_text(item, fmt::format("{}[{}]", path(key), i), max)) out.push_back({item.text, item.place, i});
  }
  return out;
}

std::optional<bool> Fields::boolean(std::string_view key) {
  const Node::Entry* entry = map_.find(key);
  if (entry == nullptr || entry->value->type == Node::Type::null) return std::nullopt;
  if (entry->value->type == Node::Type::boolean) return entry->value->text == "true";
  const bool quoted = entry->value->text == "true" || entry->value->text == "false";
  wrong_type(*entry->value, path(key), "true or false",
             quoted ? "Write true or false, without quotes." : "Write true or false.");
  return std::nullopt;
}

std::optional<std::int64_t> Fields::decimal(std::string_view text, std::int64_t low, std::int64_t high) {
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size() || value < low || value > high) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::chrono::seconds> Fields::seconds(std::string_view key, int low, int high) {
  const Node::Entry* entry = map_.find(key);
  if (entry == nullptr || entry->value->type == Node::Type::null) return std::nullopt;
  const Node& node = *entry->value;
  if (node.type != Node::Type::integer) {
    wrong_type(node, path(key), "a whole number of seconds", number_remedy(node));
    return std::nullopt;
  }
  const auto value = decimal(node.text, low, high);
  if (!value) {
    error(key, fmt::format("must be from {} to {} seconds, not {}.", low, high, shown(node.text)));
    return std::nullopt;
  }
  return std::chrono::seconds(*value);
}

std::optional<std::int64_t> Fields::whole_number(std::string_view key, std::int64_t low, std::int64_t high) {
  const Node::Entry* entry = map_.find(key);
  if (entry == nullptr || entry->value->type == Node::Type::null) return std::nullopt;
  const Node& node = *entry->value;
  if (node.type != Node::Type::integer) {
    wrong_type(node, path(key), "a whole number", number_remedy(node));
    return std::nullopt;
  }
  const auto value = decimal(node.text, low, high);
  if (!value) error(key, fmt::format("must be from {} to {}, not {}.", low, high, shown(node.text)));
  return value;
}

std::optional<std::chrono::milliseconds> Fields::duration(std::string_view key,
                                                          std::chrono::milliseconds max) {
  const Node::Entry* entry = map_.find(key);
  if (entry == nullptr || entry->value->type == Node::Type::null) return std::nullopt;
  const Node& node = *entry->value;
  constexpr std::string_view kRemedy = "Write it as 30s, 500ms, 5m or 2h.";
  if (node.type != Node::Type::integer && node.type != Node::Type::string) {
    wrong_type(node, path(key), "a duration", kRemedy);
    return std::nullopt;
  }
  constexpr std::array<std::pair<std::string_view, int>, 4> kUnits{
      {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};  // "ms" before "s"
  std::string_view digits = node.text;
  std::int64_t unit = 1000;
  for (const auto& [name, milliseconds] : kUnits) {
    if (!digits.ends_with(name)) continue;
    digits.remove_suffix(name.size());
    unit = milliseconds;
    break;
  }
  const auto value = decimal(digits, 0, std::numeric_limits<std::int32_t>::max());
  if (!value) {
    error(key, "is not a duration.", std::string(kRemedy));
  } else if (*value > max.count() / unit) {
    error(key, fmt::format("is longer than {} hours.", std::chrono::floor<std::chrono::hours>(max).count()));
  } else {
    return std::chrono::milliseconds(*value * unit);
  }
  return std::nullopt;
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

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/text/node.hpp"
#include "config/text/report.hpp"

namespace rolegate::config {

/// A map of the configuration whose fields are read one by one, each with its type. What is wrong goes to the
/// report, with the field's path; the readers then give nothing, as they do for a field that is absent or
/// null.
class Fields {
 public:
  /// `path` is put before the names of fields: "encrypted_extra.aws_iam". Reports keys that are there twice.
  /// `map` must be of type map; it and `report` outlive this.
  Fields(const Node& map, std::string path, Report& report);

  struct Text {
    std::string value;
    Place place;
    std::size_t index = 0;  ///< in the list it stands in
  };
  /// A string of 1 to `max` characters without control characters.
  [[nodiscard]] std::optional<Text> text(std::string_view key, std::size_t max);
  [[nodiscard]] std::optional<bool> boolean(std::string_view key);
  /// A whole number from `low` to `high`.
  [[nodiscard]] std::optional<std::chrono::seconds> seconds(std::string_view key, int low, int high);
  [[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view key, std::int64_t low,
                                                         std::int64_t high);
  /// 0 to `max`: "500ms", "30s", "5m", "2h", or a whole number of seconds.
  [[nodiscard]] std::optional<std::chrono::milliseconds> duration(std::string_view key,
                                                                  std::chrono::milliseconds max);
  /// A list of at most `max_items` strings of 1 to `max` characters.
  [[nodiscard]] std::vector<Text> texts(std::string_view key, std::size_t max_items, std::size_t max);
  /// The value of that type; an error for any other.
  [[nodiscard]] const Node* of_type(std::string_view key, Node::Type type);

  /// Absent, null, or an empty string.
  [[nodiscard]] bool is_unset(std::string_view key) const;
  [[nodiscard]] const Node::Entry* find(std::string_view key) const { return map_.find(key); }
  [[nodiscard]] const Node& map() const { return map_; }
  [[nodiscard]] Place place() const { return map_.place; }
  [[nodiscard]] Place place(std::string_view key) const;
  [[nodiscard]] std::string path(std::string_view key) const;

  /// About a field, or about the map itself when `key` is empty.
  void error(std::string_view key, std::string message, std::string remedy = {});
  void warning(std::string_view key, std::string message, std::string remedy = {});
  /// The entry's key is none of `known`: an error that names the one it is meant for (`meant`, else the
  /// nearest), or all of them. That one is not missing then: see is_meant.
  void unknown(const Node::Entry& entry, std::span<const std::string_view> known,
               std::string_view meant = {});
  /// A key that was reported as unknown seems to stand for `key`: that `key` is missing follows from it.
  [[nodiscard]] bool is_meant(std::string_view key) const { return meant_.contains(key); }

 private:
  /// A decimal from `low` to `high`; nothing for any other text.
  [[nodiscard]] static std::optional<std::int64_t> decimal(std::string_view text, std::int64_t low,
                                                           std::int64_t high);
  /// Reports what is wrong with a string and says whether nothing is.
  [[nodiscard]] bool check_text(const Node& node, const std::string& field, std::size_t max);
  void wrong_type(const Node& node, const std::string& field, std::string_view wanted,
                  std::string_view remedy);

  const Node& map_;
  std::string path_;
  Report& report_;
  std::set<std::string, std::less<>> meant_;
};

/// "a, b and c".
[[nodiscard]] std::string listed(std::span<const std::string_view> words);
/// How many characters (code points) valid UTF-8 text has.
[[nodiscard]] std::size_t characters(std::string_view text);

}  // namespace rolegate::config

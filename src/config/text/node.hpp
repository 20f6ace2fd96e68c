#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rolegate::config {

/// Where something was written.
struct Place {
  int line = 0;  ///< of the file, 1-based
  int json_line =
      0;  ///< inside a string of JSON, its line there, 1-based; 0 outside or when it has one line only
};

struct Node;
using NodePtr = std::shared_ptr<const Node>;

/// A value of a configuration file and its place, whether it was written in YAML or in a string of JSON
/// inside it. Texts may be secret (a URI holds a password): they are wiped when the node goes away.
struct Node {
  enum class Type { null, boolean, integer, number, string, list, map };
  struct Entry {
    std::string key;
    Place place;  ///< of the key
    NodePtr value;
  };

  Type type = Type::null;
  Place place;
  std::string text;             ///< of a scalar, as written; of a boolean, "true" or "false"
  std::vector<NodePtr> items;   ///< of a list
  std::vector<Entry> entries;   ///< of a map, in the file's order; each key once, as it was first
  std::vector<Entry> repeated;  ///< of a map: the entries whose key had been there already
  std::size_t weight = 0;       ///< see NodeBuilder::kMaxWeight

  Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();

  [[nodiscard]] const Entry* find(std::string_view key) const;
};

/// "a string", "a whole number", "a list": for messages.
[[nodiscard]] std::string_view type_name(Node::Type type);

/// Puts a tree together from a parser's events, within bounds: what is too deep or too heavy is refused while
/// it is read. Each call returns false once a bound is passed; `over` then says which.
class NodeBuilder {
 public:
  /// A valid configuration is 5 deep.
  static constexpr std::size_t kMaxDepth = 32;
  /// 128 for each value plus its bytes. A YAML alias weighs as much as what it stands for, so a few lines of
  /// aliases of aliases ("billion laughs") do not stand for more than a file could hold without them.
  static constexpr std::size_t kMaxWeight = std::size_t{32} << 20;

  [[nodiscard]] bool scalar(Node::Type type, std::string_view text, Place place);
  [[nodiscard]] bool begin(Node::Type type, Place place);
  /// The key of the value that comes next, in a map.
  [[nodiscard]] bool key(std::string_view text, Place place);
  [[nodiscard]] bool end();
  /// Something that was built before, once more.
  [[nodiscard]] bool again(const NodePtr& node);

  /// Inside a map, with a key to come next rather than a value.
  [[nodiscard]] bool wants_key() const;
  /// Where the pending key is, for a value that has no place of its own.
  [[nodiscard]] const Place* pending_key() const;
  /// The value that was completed last; after the last event, the whole.
  [[nodiscard]] const NodePtr& last() const { return last_; }
  [[nodiscard]] std::size_t depth() const { return open_.size(); }
  /// "It nests deeper than 32 levels." or "It holds too many values."
  [[nodiscard]] std::string_view over() const { return over_; }

 private:
  struct Open {
    std::shared_ptr<Node> node;
    std::unordered_map<std::string, bool> seen;
    bool key_pending = false;
    bool key_repeated = false;
    std::string key;
    Place key_place;
  };
  [[nodiscard]] bool complete(NodePtr node);
  [[nodiscard]] bool charge(std::size_t weight);

  std::vector<Open> open_;
  NodePtr last_;
  std::size_t weight_ = 0;
  std::string_view over_;
};

}  // namespace rolegate::config

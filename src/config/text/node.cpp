#include "config/text/node.hpp"

#include <utility>

#include "base/secret.hpp"

namespace rolegate::config {

Node::~Node() { base::wipe(text); }

const Node::Entry* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

std::string_view type_name(Node::Type type) {
  switch (type) {
    case Node::Type::null:
      return "nothing";
    case Node::Type::boolean:
      return "a boolean";
    case Node::Type::integer:
      return "a whole number";
    case Node::Type::number:
      return "a number with a fraction";
    case Node::Type::string:
      return "a string";
    case Node::Type::list:
      return "a list";
    case Node::Type::map:
      return "a mapping";
  }
  return {};
}

bool NodeBuilder::charge(std::size_t weight) {
  if (weight > kMaxWeight - weight_) {
    over_ = "It holds too many values.";
    return false;
  }
  weight_ += weight;
  return true;
}

bool NodeBuilder::scalar(Node::Type type, std::string_view text, Place place) {
  auto node = std::make_shared<Node>();
  node->type = type;
  node->text = text;
  node->place = place;
  node->weight = 128 + text.size();
  return charge(node->weight) && complete(std::move(node));
}

bool NodeBuilder::begin(Node::Type type, Place place) {
  if (open_.size() == kMaxDepth) {
    over_ = "It nests deeper than 32 levels.";
    return false;
  }
  auto node = std::make_shared<Node>();
  node->type = type;
  node->place = place;
  node->weight = 128;
  open_.push_back({std::move(node), {}, false, false, {}, {}});
  return charge(128);
}

bool NodeBuilder::key(std::string_view text, Place place) {
  Open& map = open_.back();
  map.key = text;
  map.key_place = place;
  map.key_pending = true;
  map.key_repeated = !map.seen.emplace(map.key, true).second;
  map.node->weight += text.size();
  return charge(text.size());
}

bool NodeBuilder::end() {
  NodePtr node = std::move(open_.back().node);
  open_.pop_back();
  return complete(std::move(node));
}

bool NodeBuilder::again(const NodePtr& node) { return charge(node->weight) && complete(node); }

bool NodeBuilder::wants_key() const {
  return !open_.empty() && open_.back().node->type == Node::Type::map && !open_.back().key_pending;
}

const Place* NodeBuilder::pending_key() const {
  return !open_.empty() && open_.back().key_pending ? &open_.back().key_place : nullptr;
}

bool NodeBuilder::complete(NodePtr node) {
  last_ = node;
  if (open_.empty()) return true;
  Open& parent = open_.back();
  parent.node->weight += node->weight;
  if (parent.node->type == Node::Type::list) {
    parent.node->items.push_back(std::move(node));
    return true;
  }
  auto& entries = parent.key_repeated ? parent.node->repeated : parent.node->entries;
  entries.push_back({std::move(parent.key), parent.key_place, std::move(node)});
  parent.key_pending = false;
  return true;
}

}  // namespace rolegate::config

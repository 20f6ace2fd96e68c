#include "config/database_map.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace rolegate::config {
namespace {

const std::string& name_of(const DirectoryEntry& entry) { return entry.database->name; }

}  // namespace

const DirectoryEntry* DatabaseMap::find(std::string_view name) const {
  const auto& shard = shards_[std::hash<std::string_view>()(name) % kShards];
  if (!shard) return nullptr;
  const auto place = std::ranges::lower_bound(*shard, name, {}, name_of);
  return place != shard->end() && name_of(*place) == name ? &*place : nullptr;
}

void DatabaseMap::put(DirectoryEntry entry) {
  auto& shard = shards_[std::hash<std::string_view>()(name_of(entry)) % kShards];
  auto changed = std::make_shared<Shard>();
  if (shard) {
    changed->reserve(shard->size() + 1);
    *changed = *shard;
  }
  const auto place = std::ranges::lower_bound(*changed, name_of(entry), {}, name_of);
  if (place != changed->end() && name_of(*place) == name_of(entry)) {
    *place = std::move(entry);
  } else {
    changed->insert(place, std::move(entry));
    ++size_;
  }
  shard = std::move(changed);
}

void DatabaseMap::erase(std::string_view name) {
  if (find(name) == nullptr) return;
  auto& shard = shards_[std::hash<std::string_view>()(name) % kShards];
  auto changed = std::make_shared<Shard>(*shard);
  std::erase_if(*changed, [&](const DirectoryEntry& entry) { return name_of(entry) == name; });
  --size_;
  if (changed->empty()) changed = nullptr;
  shard = std::move(changed);
}

std::vector<DirectoryEntry> DatabaseMap::entries() const {
  std::vector<DirectoryEntry> all;
  all.reserve(size_);
  for (const auto& shard : shards_) {
    if (shard) all.insert(all.end(), shard->begin(), shard->end());
  }
  std::ranges::sort(all, {}, name_of);
  return all;
}

void DatabaseMap::compare(const DatabaseMap& before, const DatabaseMap& after, const Differs& differs) {
  const Shard none;
  for (std::size_t i = 0; i < kShards; ++i) {
    if (before.shards_[i] == after.shards_[i]) continue;
    const Shard& old = before.shards_[i] ? *before.shards_[i] : none;
    const Shard& now = after.shards_[i] ? *after.shards_[i] : none;
    auto left = old.begin();
    auto right = now.begin();
    while (left != old.end() || right != now.end()) {
      const bool only_left = right == now.end() || (left != old.end() && name_of(*left) < name_of(*right));
      const bool only_right = left == old.end() || (right != now.end() && name_of(*right) < name_of(*left));
      if (only_left || only_right || *left != *right) {
        differs(only_right ? nullptr : &*left, only_left ? nullptr : &*right);
      }
      if (!only_right) ++left;
      if (!only_left) ++right;
    }
  }
}

}  // namespace rolegate::config

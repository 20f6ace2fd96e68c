#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "config/database.hpp"

namespace rolegate::config {

using DatabasePtr = std::shared_ptr<const Database>;

/// A database and the revision of the directory that it came with. One that is taken away and comes back is
/// another one, though all of its settings be the same.
struct DirectoryEntry {
  DatabasePtr database;
  std::uint64_t since = 0;
  bool operator==(const DirectoryEntry&) const = default;  ///< the same object, not one that is equal
};

/// Databases by name. A copy shares all it can with its original: a change of either makes one shard anew, so
/// that it costs kShards pointers and one entry in kShards of them all.
class DatabaseMap {
 public:
  /// Null: there is none of that name. Lives until this map changes.
  [[nodiscard]] const DirectoryEntry* find(std::string_view name) const;
  /// Adds it, or puts it in the place of the one of its name.
  void put(DirectoryEntry entry);
  void erase(std::string_view name);

  [[nodiscard]] std::size_t size() const { return size_; }
  /// All of them, by name.
  [[nodiscard]] std::vector<DirectoryEntry> entries() const;

  /// Calls `differs` for each name whose entries are not the same; null stands for one that is not there.
  /// What both maps share is not looked at.
  using Differs = std::function<void(const DirectoryEntry* before, const DirectoryEntry* after)>;
  static void compare(const DatabaseMap& before, const DatabaseMap& after, const Differs& differs);

 private:
  using Shard = std::vector<DirectoryEntry>;  ///< by name
  static constexpr std::size_t kShards = 128;

  std::array<std::shared_ptr<const Shard>, kShards> shards_;  ///< null: an empty one
  std::size_t size_ = 0;
};

}  // namespace rolegate::config

#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "config/directory.hpp"
#include "gateway/desk.hpp"

namespace rolegate::gateway {

/// The desks, by name and engine of their databases. A desk is made at its first use, and is there as long as
/// its database is served, or somebody uses it still. Thread-safe.
class Desks {
 public:
  /// `directory`: of what is served; outlives this.
  explicit Desks(const config::Directory& directory) : directory_(directory) {}
  ~Desks();
  Desks(const Desks&) = delete;
  Desks& operator=(const Desks&) = delete;

  /// Whoever holds a desk uses it; this outlives them.
  [[nodiscard]] std::shared_ptr<Desk> of(const config::Database& database);
  /// Called when the directory has that database no more.
  void retire(const config::Database& database);

  /// By name.
  [[nodiscard]] std::vector<DatabaseStats::Snapshot> counted() const;
  [[nodiscard]] std::size_t size() const;

 private:
  using Key = std::pair<std::string, config::Engine>;
  struct Entry {
    std::weak_ptr<Desk> desk;
    std::shared_ptr<Desk> kept;  ///< while the database is served
  };
  [[nodiscard]] bool is_served(const Key& key) const;
  void left(const Key& key);

  const config::Directory& directory_;
  mutable std::mutex mutex_;
  std::map<Key, Entry> entries_;
};

}  // namespace rolegate::gateway

#include "gateway/desks.hpp"

namespace rolegate::gateway {

Desks::~Desks() {
  std::vector<std::shared_ptr<Desk>> kept;
  const std::lock_guard lock(mutex_);
  for (auto& [key, entry] : entries_) kept.push_back(std::move(entry.kept));
}

bool Desks::is_served(const Key& key) const {
  const auto snapshot = directory_.snapshot();
  const config::DirectoryEntry* const found = snapshot->databases.find(key.first);
  return found != nullptr && found->database->uri.engine == key.second;
}

/// The directory is asked with the lock held: a desk that is kept for a database that goes at this moment is
/// found by retire(), which is called after that.
std::shared_ptr<Desk> Desks::of(const config::Database& database) {
  Key key{database.name, database.uri.engine};
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[key];
  std::shared_ptr<Desk> desk = entry.desk.lock();
  if (!desk) {
    desk = std::shared_ptr<Desk>(new Desk(key.first, key.second), [this, key](Desk* left_by_all) {
      left(key);
      delete left_by_all;
    });
    entry.desk = desk;
  }
  if (is_served(key)) entry.kept = desk;
  return desk;
}

void Desks::retire(const config::Database& database) {
  std::shared_ptr<Desk> kept;
  std::shared_ptr<Desk> desk;  // they go, and it perhaps with them, when the lock is not held any more
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find({database.name, database.uri.engine});
  if (found == entries_.end()) return;
  kept = std::move(found->second.kept);
  desk = found->second.desk.lock();
  if (desk) desk->stats.forget_last_login();
}

/// Another one may have been made in its place meanwhile.
void Desks::left(const Key& key) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found != entries_.end() && found->second.desk.expired()) entries_.erase(found);
}

std::vector<DatabaseStats::Snapshot> Desks::counted() const {
  std::vector<std::shared_ptr<const Desk>> desks;
  {
    const std::lock_guard lock(mutex_);
    desks.reserve(entries_.size());
    for (const auto& [key, entry] : entries_) {
      if (auto desk = entry.desk.lock()) desks.push_back(std::move(desk));
    }
  }
  std::vector<DatabaseStats::Snapshot> counted;
  counted.reserve(desks.size());
  for (const auto& desk : desks) counted.push_back(desk->stats.snapshot());
  return counted;
}

std::size_t Desks::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace rolegate::gateway

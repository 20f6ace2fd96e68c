#include "config/snapshot.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace rolegate::config {
namespace {

/// Where a database stands in its file is nothing that a session would notice.
bool same_settings(const Database& one, const Database& other) {
  const auto settings = [](const Database& database) {
    return std::tie(database.name, database.uri, database.aws_iam, database.listen);
  };
  return settings(one) == settings(other);
}

void put(Snapshot& snapshot, Database database) {
  const DirectoryEntry* const known = snapshot.databases.find(database.name);
  if (known != nullptr && same_settings(*known->database, database)) return;
  const bool same = known != nullptr && known->database->uri.engine == database.uri.engine;
  const std::uint64_t since = same ? known->since : snapshot.revision;
  snapshot.databases.put({std::make_shared<const Database>(std::move(database)), since});
}

void forget_broken(Snapshot& snapshot, std::string_view name) {
  if (!snapshot.is_broken(name)) return;
  auto others = std::make_shared<Snapshot::Names>(*snapshot.broken);
  others->erase(others->find(name));
  snapshot.broken = std::move(others);
}

Snapshot successor(const Snapshot& before) {
  Snapshot next = before;
  ++next.revision;
  return next;
}

}  // namespace

const GatewayUser* Snapshot::find_user(std::string_view name) const {
  if (!gateway) return nullptr;
  const auto place = std::ranges::lower_bound(gateway->users, name, {}, &GatewayUser::name);
  return place != gateway->users.end() && place->name == name ? &*place : nullptr;
}

Snapshot Snapshot::with(Database database) const {
  Snapshot next = successor(*this);
  forget_broken(next, database.name);
  put(next, std::move(database));
  return next;
}

Snapshot Snapshot::without(std::string_view name) const {
  Snapshot next = successor(*this);
  forget_broken(next, name);
  next.databases.erase(name);
  return next;
}

Snapshot Snapshot::reloaded(Config config) const {
  Snapshot next = successor(*this);
  next.file = std::move(config.file);
  next.aws_database_iam_auth = config.aws_database_iam_auth;
  next.gateway_broken = config.gateway_broken;
  next.broken = config.broken.empty()
                    ? nullptr
                    : std::make_shared<const Names>(config.broken.begin(), config.broken.end());
  if (config.gateway) std::ranges::sort(config.gateway->users, {}, &GatewayUser::name);
  if (!config.gateway) {
    next.gateway = nullptr;
  } else if (!gateway || *gateway != *config.gateway) {
    next.gateway = std::make_shared<const Gateway>(std::move(*config.gateway));
  }
  Names names;
  for (Database& database : config.databases) {
    names.insert(database.name);
    put(next, std::move(database));
  }
  for (const DirectoryEntry& entry : databases.entries()) {
    if (!names.contains(entry.database->name)) next.databases.erase(entry.database->name);
  }
  return next;
}

}  // namespace rolegate::config

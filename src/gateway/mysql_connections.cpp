#include "gateway/mysql_connections.hpp"

#include <algorithm>
#include <utility>

namespace rolegate::gateway {

std::uint32_t MysqlConnections::give_out(base::Random& random) {
  for (;;) {
    std::uint32_t id = 0;
    random.fill({reinterpret_cast<unsigned char*>(&id), sizeof id});
    id = (id & 0x3FFFFFFFU) | 0x40000000U;
    const std::lock_guard lock(mutex_);
    if (connections_.try_emplace(id).second) return id;
  }
}

void MysqlConnections::open(std::uint32_t id, Connection connection) {
  const std::lock_guard lock(mutex_);
  connections_[id] = std::move(connection);
}

void MysqlConnections::close(std::uint32_t id) {
  const std::lock_guard lock(mutex_);
  connections_.erase(id);
}

bool MysqlConnections::none_open() const {
  const std::lock_guard lock(mutex_);
  return std::ranges::none_of(connections_, [](const auto& entry) { return entry.second.has_value(); });
}

std::string MysqlConnections::database_of(std::uint32_t id, const std::string& user) const {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(id);
  if (found == connections_.end() || !found->second || found->second->user != user) return {};
  return found->second->database;
}

std::set<std::string> MysqlConnections::databases_of(const std::string& user) const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> databases;
  for (const auto& [id, connection] : connections_) {
    if (connection && connection->user == user) databases.insert(connection->database);
  }
  return databases;
}

std::optional<std::uint32_t> MysqlConnections::find(std::uint32_t id, const std::string& database,
                                                    const std::string& user) const {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(id);
  if (found == connections_.end() || !found->second) return std::nullopt;
  const Connection& connection = *found->second;
  if (connection.database != database || connection.user != user) return std::nullopt;
  return connection.server_id;
}

}  // namespace rolegate::gateway

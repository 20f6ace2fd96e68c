#include "gateway/mysql_connections.hpp"

#include <tuple>
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
  std::optional<Connection>& place = connections_[id];
  forget(place);
  ++by_user_[connection.user][connection.database];
  place = std::move(connection);
}

void MysqlConnections::pause(std::uint32_t id) {
  const std::lock_guard lock(mutex_);
  forget(connections_[id]);
}

void MysqlConnections::close(std::uint32_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  forget(found->second);
  connections_.erase(found);
}

void MysqlConnections::forget(std::optional<Connection>& connection) {
  if (!connection) return;
  const auto user = by_user_.find(connection->user);
  const auto database = user->second.find(connection->database);
  if (--database->second == 0) user->second.erase(database);
  if (user->second.empty()) by_user_.erase(user);
  connection.reset();
}

bool MysqlConnections::none_open() const {
  const std::lock_guard lock(mutex_);
  return by_user_.empty();
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
  const auto found = by_user_.find(user);
  if (found == by_user_.end()) return databases;
  for (const auto& [database, connections] : found->second) databases.insert(database);
  return databases;
}

std::optional<wire::mysql::CommandStream::Killable> MysqlConnections::find(std::uint32_t id,
                                                                           const Connection& by) const {
  const std::lock_guard lock(mutex_);
  const auto found = connections_.find(id);
  if (found == connections_.end() || !found->second || found->second->user != by.user) return std::nullopt;
  const Connection& connection = *found->second;
  const bool beside = std::tie(connection.database, connection.address, connection.port) ==
                      std::tie(by.database, by.address, by.port);
  return wire::mysql::CommandStream::Killable{beside ? std::optional(connection.server_id) : std::nullopt};
}

}  // namespace rolegate::gateway

#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "base/random.hpp"

namespace rolegate::gateway {

/// The connection ids of the gateway's own greetings, and which connection of which database each stands for:
/// a client greeted with one will KILL it by that. They lie between 2^30 and 2^31, where no server's own are
/// likely to be. Thread-safe.
class MysqlConnections {
 public:
  struct Connection {
    std::uint32_t server_id = 0;
    std::string database;
    std::string user;  ///< the client's, of the gateway
  };

  [[nodiscard]] std::uint32_t give_out(base::Random& random);
  void open(std::uint32_t id, Connection connection);
  void close(std::uint32_t id);
  /// The server's id, if it is a connection of this user with this database.
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint32_t id, const std::string& database,
                                                  const std::string& user) const;

  [[nodiscard]] bool none_open() const;
  /// Whatever database it is with; empty: it is none of this user's.
  [[nodiscard]] std::string database_of(std::uint32_t id, const std::string& user) const;
  /// Those that this user has connections with.
  [[nodiscard]] std::set<std::string> databases_of(const std::string& user) const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::uint32_t, std::optional<Connection>> connections_;
};

}  // namespace rolegate::gateway

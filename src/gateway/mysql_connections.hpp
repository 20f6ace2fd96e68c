#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "base/random.hpp"
#include "wire/mysql/command_stream.hpp"

namespace rolegate::gateway {

/// The connection ids of the gateway's own greetings, and which connection of which database each stands for:
/// a client greeted with one will KILL it by that. They lie between 2^30 and 2^31, where no server's own are
/// likely to be. Thread-safe.
class MysqlConnections {
 public:
  struct Connection {
    std::uint32_t server_id = 0;
    std::string database;
    std::string user;     ///< the client's, of the gateway
    std::string address;  ///< of the server: numeric, as it was dialled
    std::uint16_t port = 0;
  };

  [[nodiscard]] std::uint32_t give_out(base::Random& random);
  void open(std::uint32_t id, Connection connection);
  /// Its session is over, and it may begin another one: the id stays given out.
  void pause(std::uint32_t id);
  void close(std::uint32_t id);
  /// What a KILL of `id` by the connection `by` is about. The server's id is known only where both are with
  /// the same database and the same server: one name may lead to several servers, and on another one the id
  /// is that of somebody else's connection. Nothing: it is none of this user's.
  [[nodiscard]] std::optional<wire::mysql::CommandStream::Killable> find(std::uint32_t id,
                                                                         const Connection& by) const;

  [[nodiscard]] bool none_open() const;
  /// Whatever database it is with; empty: it is none of this user's.
  [[nodiscard]] std::string database_of(std::uint32_t id, const std::string& user) const;
  /// Those that this user has connections with.
  [[nodiscard]] std::set<std::string> databases_of(const std::string& user) const;

 private:
  using Databases = std::map<std::string, std::size_t>;  ///< how many connections with each

  void forget(std::optional<Connection>& connection);

  mutable std::mutex mutex_;
  std::unordered_map<std::uint32_t, std::optional<Connection>> connections_;  ///< nothing: not open yet
  std::unordered_map<std::string, Databases> by_user_;                        ///< of those who have any
};

}  // namespace rolegate::gateway

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "config/database_map.hpp"
#include "config/gateway.hpp"

namespace rolegate::config {

/// All databases and users as they are at one moment. What follows from it shares with it what stays the
/// same.
struct Snapshot {
  using Names = std::set<std::string, std::less<>>;

  std::uint64_t revision = 0;
  std::string file;                    ///< as in Config, for errors
  bool aws_database_iam_auth = false;  ///< the feature flag
  DatabaseMap databases;
  std::shared_ptr<const Names> broken;     ///< databases that have errors; null: there are none
  std::shared_ptr<const Gateway> gateway;  ///< with the users, by name; null as Config::gateway
  bool gateway_broken = false;

  [[nodiscard]] IamFlag iam_flag() const { return {aws_database_iam_auth, file}; }
  /// Null: there is none of that name. Lives as long as `gateway`.
  [[nodiscard]] const GatewayUser* find_user(std::string_view name) const;
  [[nodiscard]] bool is_broken(std::string_view name) const { return broken && broken->contains(name); }
  /// The snapshot that follows when that database is added, or put in the place of the one of its name. With
  /// another engine it is another database.
  [[nodiscard]] Snapshot with(Database database) const;
  /// The snapshot that follows when the database of that name is taken away.
  [[nodiscard]] Snapshot without(std::string_view name) const;
  /// The snapshot that follows when the configuration has been read anew. A database that is only at another
  /// line of it stays the object that it is.
  [[nodiscard]] Snapshot reloaded(Config config) const;
};

}  // namespace rolegate::config

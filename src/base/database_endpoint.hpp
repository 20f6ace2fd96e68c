#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/partition.hpp"

namespace rolegate::base {

/// What the name says that AWS gave a database. Only such a name can stand in an RDS token.
struct DatabaseEndpoint {
  enum class Service { rds, redshift, redshift_serverless, dsql };
  enum class Kind {
    instance,
    cluster,      ///< the writer of an Aurora or Multi-AZ cluster, a Redshift or an Aurora DSQL cluster
    reader,       ///< a cluster's reader endpoint
    custom,       ///< a cluster's custom endpoint
    shard_group,  ///< Aurora Limitless
    global,       ///< the writer of an Aurora global database, in whichever region that is
    proxy,        ///< RDS Proxy
    workgroup,    ///< Redshift Serverless
  };

  Service service;
  Kind kind;
  std::string region;          ///< empty for Kind::global
  const Partition* partition;  ///< of the region; never null

  /// What the resource id in an rds-db ARN begins with: "cluster-", "db-", "prx-". RDS only.
  [[nodiscard]] std::string_view resource_prefix() const;
};

/// Nothing for any other host: an alias, an address, a tunnel's end, a typing mistake. Case does not matter,
/// nor does a dot at the end.
[[nodiscard]] std::optional<DatabaseEndpoint> database_endpoint(std::string_view host);

}  // namespace rolegate::base

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/listen_address.hpp"
#include "config/aws_iam.hpp"
#include "config/engine.hpp"
#include "config/uri.hpp"

namespace rolegate::config {

/// What a login asks for; follows from engine and block.
enum class Kind { aurora_postgresql, aurora_mysql, redshift_provisioned, redshift_serverless, password };

/// One configured connection.
struct Database {
  std::string name;  ///< database_name
  Uri uri;
  std::optional<AwsIam> aws_iam;            ///< set when there is a block and its `enabled` is true
  std::vector<base::ListenAddress> listen;  ///< of the gateway, for this database alone
  std::string file;                         ///< where it was read, for later errors
  int line = 0;

  [[nodiscard]] Kind kind() const;
};

}  // namespace rolegate::config

#include "config/database.hpp"

namespace rolegate::config {

Kind Database::kind() const {
  if (!aws_iam) return Kind::password;
  switch (uri.engine) {
    case Engine::postgresql:
      return Kind::aurora_postgresql;
    case Engine::mysql:
      return Kind::aurora_mysql;
    case Engine::redshift:
      return aws_iam->workgroup_name.empty() ? Kind::redshift_provisioned : Kind::redshift_serverless;
  }
  return Kind::password;
}

}  // namespace rolegate::config

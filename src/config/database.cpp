#include "config/database.hpp"

namespace rolegate::config {

std::string_view engine_name(Engine engine) {
  switch (engine) {
    case Engine::postgresql:
      return "postgresql";
    case Engine::mysql:
      return "mysql";
    case Engine::redshift:
      return "redshift";
  }
  return {};
}

std::uint16_t default_port(Engine engine) {
  switch (engine) {
    case Engine::postgresql:
      return 5432;
    case Engine::mysql:
      return 3306;
    case Engine::redshift:
      return 5439;
  }
  return 0;
}

std::string_view ssl_mode_name(SslMode mode) {
  switch (mode) {
    case SslMode::require:
      return "require";
    case SslMode::verify_ca:
      return "verify-ca";
    case SslMode::verify_full:
      return "verify-full";
  }
  return {};
}

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

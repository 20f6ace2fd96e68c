#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"
#include "config/gateway.hpp"

namespace rolegate::config {

enum class Engine { postgresql, mysql, redshift };
/// "postgresql", "mysql", "redshift": the URI scheme.
[[nodiscard]] std::string_view engine_name(Engine engine);
/// 5432, 3306, 5439.
[[nodiscard]] std::uint16_t default_port(Engine engine);

/// libpq's names; anything weaker than `require` is not offered.
enum class SslMode { require, verify_ca, verify_full };
/// "require", "verify-ca", "verify-full".
[[nodiscard]] std::string_view ssl_mode_name(SslMode mode);

struct HostPort {
  std::string host;  ///< a name or an address; an IPv6 address without its brackets
  std::uint16_t port = 0;
  bool operator==(const HostPort&) const = default;
};

/// `sqlalchemy_uri`, taken apart.
struct Uri {
  Engine engine = Engine::postgresql;
  std::string host;  ///< case as written; empty only for Redshift, which then asks the API for it
  std::optional<std::uint16_t> port;  ///< as written; see port_or_default
  std::string user;
  base::Secret password;
  std::string database;  ///< the path without its slash; may be empty
  SslMode ssl_mode = SslMode::verify_full;
  std::string ssl_root_cert;  ///< empty: see connect/ca.hpp
  std::optional<std::chrono::seconds> connect_timeout;
  std::optional<HostPort> connect_to;  ///< dial there; token and TLS name stay the URI's host and port

  [[nodiscard]] std::uint16_t port_or_default() const { return port.value_or(default_port(engine)); }
};

/// The `aws_iam` object of encrypted_extra, validated: a value of this type is complete for its engine.
struct AwsIam {
  std::string region;
  std::string role_arn;            ///< empty: same account, the base credentials are used as they are
  std::string external_id;         ///< empty: none
  std::string db_username;         ///< empty only for Redshift Serverless
  std::string workgroup_name;      ///< Redshift Serverless; exactly one of this and the next for Redshift
  std::string cluster_identifier;  ///< Redshift, provisioned
  std::string db_name;             ///< Redshift
  std::chrono::seconds session_duration{3600};  ///< of the role session, 900–43200
  std::string role_session_name;                ///< empty: "rolegate"
  bool auto_create = false;            ///< Redshift, provisioned: create db_username when it does not exist
  std::vector<std::string> db_groups;  ///< Redshift, provisioned; lower case
  std::optional<std::chrono::seconds> duration_seconds;  ///< lifetime of a Redshift password, 900–3600
};

/// What a login asks for; follows from engine and block.
enum class Kind { aurora_postgresql, aurora_mysql, redshift_provisioned, redshift_serverless, password };

/// One configured connection.
struct Database {
  std::string name;  ///< database_name
  Uri uri;
  std::optional<AwsIam> aws_iam;      ///< set when there is a block and its `enabled` is true
  std::vector<ListenAddress> listen;  ///< of the gateway, for this database alone
  std::string file;                   ///< where it was read, for later errors
  int line = 0;

  [[nodiscard]] Kind kind() const;
};

}  // namespace rolegate::config

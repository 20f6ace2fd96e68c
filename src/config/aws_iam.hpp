#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace rolegate::config {

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
  bool operator==(const AwsIam&) const = default;
};

}  // namespace rolegate::config

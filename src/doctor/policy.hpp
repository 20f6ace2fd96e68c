#pragma once

#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "config/database.hpp"

namespace rolegate::doctor {

enum class PolicyErrc { policy_not_needed, policy_argument_invalid };
[[nodiscard]] std::string_view code_name(PolicyErrc code);

/// What the configuration does not say. Each is optional: a placeholder that says where to find it stands in.
struct PolicyOptions {
  std::string caller_arn{};  ///< the principal that Rolegate runs as
  std::string account{};     ///< the database's account, when role_arn does not name it
  std::string
      resource_id{};  ///< "cluster-…", "db-…", "prx-…" of RDS, or the id (a UUID) of a Serverless workgroup
};

enum class Placement { database_role, role_trust, caller };

/// One IAM policy document and where it belongs.
struct PolicyDocument {
  Placement placement;
  std::string title;  ///< "Permissions of arn:…:role/X (account 222222222222)"
  boost::json::object document;
};

/// Everything that has to be granted for one database, least privilege.
struct PolicySet {
  std::string database;    ///< database_name
  std::string role_arn;    ///< empty: same account
  std::string account;     ///< the database's, or the placeholder
  std::string caller_arn;  ///< or the placeholder
  std::string partition;
  std::vector<PolicyDocument> documents;
  std::string sql;                 ///< creates the database user
  std::vector<std::string> notes;  ///< one for each placeholder, and what else is worth knowing
};

/// The seed's cross-account set-up worked out for this database: what the role may do, who may assume it,
/// what the caller needs, and the SQL. Same account: the caller's permissions alone. Pure; asks AWS nothing.
/// Pages: "Creating and using an IAM policy for IAM database access" (RDS), "Create IAM role with permissions
/// to call GetClusterCredentials" (Redshift), "Actions … for Amazon Redshift Serverless" (service
/// authorization).
[[nodiscard]] base::Result<PolicySet> policies_for(const config::Database& database,
                                                   const PolicyOptions& options);

}  // namespace rolegate::doctor

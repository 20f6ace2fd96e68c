#include "doctor/policy.hpp"

#include <string_view>
#include <utility>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "base/arn.hpp"
#include "base/database_endpoint.hpp"
#include "base/partition.hpp"
#include "doctor/policy_options.hpp"

namespace rolegate::doctor {
namespace {

namespace json = boost::json;
using config::AwsIam;
using config::Database;
using config::Kind;

constexpr std::string_view kAccountPlaceholder = "ACCOUNT_ID";
constexpr std::string_view kCallerPlaceholder = "CALLER_ARN";

/// A name inside a resource ARN: '*', '?' and '$' would be patterns and variables there, so they are written
/// as the policy variables that stand for themselves ("IAM policy elements: variables and tags").
std::string literal(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '*' || c == '?' || c == '$') {
      out += fmt::format("${{{}}}", c);
    } else {
      out += c;
    }
  }
  return out;
}

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote || (c == '\\' && quote == '\'')) out += c;
    out += c;
  }
  return out += quote;
}

std::string account_of(std::string_view arn) {
  return std::string(base::read_arn(arn).value_or(base::Arn{}).account);
}

std::string role_name(std::string_view arn) { return std::string(arn.substr(arn.rfind('/') + 1)); }

json::object statement(json::array actions, json::array resources) {
  return {{"Effect", "Allow"}, {"Action", std::move(actions)}, {"Resource", std::move(resources)}};
}

json::object document(json::array statements) {
  return {{"Version", "2012-10-17"}, {"Statement", std::move(statements)}};
}

std::string resource_id_or_placeholder(const Database& database, const PolicyOptions& options,
                                       PolicySet& set) {
  if (!options.resource_id.empty()) return options.resource_id;
  const auto endpoint = base::database_endpoint(database.uri.host);
  const std::string_view prefix = endpoint ? endpoint->resource_prefix() : "db-";
  std::string placeholder(prefix);
  placeholder += "RESOURCE_ID";
  std::string_view where =
      "aws rds describe-db-instances --query 'DBInstances[].[Endpoint.Address,DbiResourceId]'";
  if (prefix == "cluster-") {
    where = "aws rds describe-db-clusters --query 'DBClusters[].[Endpoint,DbClusterResourceId]'";
  } else if (prefix == "prx-") {
    where =
        "aws rds describe-db-proxies --query 'DBProxies[].[Endpoint,DBProxyArn]' (the id is the last part of "
        "the ARN)";
  }
  set.notes.push_back(
      fmt::format("{} stands for the resource id of {}: {} lists it. Give it with --resource-id. It is not "
                  "the name in the host.",
                  placeholder, database.uri.host, where));
  return placeholder;
}

json::object rds_permissions(const Database& database, const PolicyOptions& options, PolicySet& set) {
  const AwsIam& iam = *database.aws_iam;
  const std::string id = resource_id_or_placeholder(database, options, set);
  const std::string resource = fmt::format("arn:{}:rds-db:{}:{}:dbuser:{}/{}", set.partition, iam.region,
                                           set.account, id, literal(iam.db_username));
  return document({statement({"rds-db:connect"}, {json::value(resource)})});
}

json::object provisioned_permissions(const Database& database, PolicySet& set) {
  const AwsIam& iam = *database.aws_iam;
  const auto arn = [&](std::string_view type, std::string_view name) {
    return json::value(fmt::format("arn:{}:redshift:{}:{}:{}:{}{}{}", set.partition, iam.region, set.account,
                                   type, iam.cluster_identifier, name.empty() ? "" : "/", literal(name)));
  };
  json::array statements;
  statements.push_back(statement({"redshift:GetClusterCredentials"},
                                 {arn("dbuser", iam.db_username), arn("dbname", iam.db_name)}));
  if (iam.auto_create) {
    statements.push_back(statement({"redshift:CreateClusterUser"}, {arn("dbuser", iam.db_username)}));
  }
  if (!iam.db_groups.empty()) {
    json::array groups;
    for (const std::string& group : iam.db_groups) groups.push_back(arn("dbgroup", group));
    statements.push_back(statement({"redshift:JoinGroup"}, std::move(groups)));
  }
  if (database.uri.host.empty()) {
    statements.push_back(statement({"redshift:DescribeClusters"}, {arn("cluster", {})}));
  }
  return document(std::move(statements));
}

json::object serverless_permissions(const Database& database, const PolicyOptions& options, PolicySet& set) {
  const AwsIam& iam = *database.aws_iam;
  std::string id = options.resource_id;
  if (id.empty()) {
    id = "WORKGROUP_ID";
    set.notes.push_back(
        fmt::format("WORKGROUP_ID stands for the id of workgroup {0}, a UUID: aws redshift-serverless "
                    "get-workgroup --workgroup-name {0} --query workgroup.workgroupId prints it. Give it "
                    "with --resource-id.",
                    iam.workgroup_name));
  }
  json::array actions{"redshift-serverless:GetCredentials"};
  if (database.uri.host.empty()) actions.emplace_back("redshift-serverless:GetWorkgroup");
  const std::string resource = fmt::format("arn:{}:redshift-serverless:{}:{}:workgroup/{}", set.partition,
                                           iam.region, set.account, id);
  return document({statement(std::move(actions), {json::value(resource)})});
}

json::object trust_policy(const PolicySet& set, const std::string& external_id) {
  json::object allow{
      {"Effect", "Allow"}, {"Principal", {{"AWS", set.caller_arn}}}, {"Action", "sts:AssumeRole"}};
  if (!external_id.empty()) allow["Condition"] = {{"StringEquals", {{"sts:ExternalId", external_id}}}};
  return document({std::move(allow)});
}

std::string sql_for(const Database& database, const PolicySet& set) {
  const AwsIam& iam = *database.aws_iam;
  const std::string user = quoted(iam.db_username, '"');
  switch (database.kind()) {
    case Kind::aurora_postgresql: {
      std::string sql = fmt::format("CREATE USER {0};\nGRANT rds_iam TO {0};\n", user);
      if (!database.uri.database.empty()) {
        sql += fmt::format("GRANT CONNECT ON DATABASE {} TO {};\n", quoted(database.uri.database, '"'), user);
      }
      return sql;
    }
    case Kind::aurora_mysql: {
      const std::string account = quoted(iam.db_username, '\'') + "@'%'";
      std::string sql = fmt::format(
          "CREATE USER {} IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL;\n", account);
      if (!database.uri.database.empty()) {
        sql += fmt::format("GRANT SELECT ON {}.* TO {};\n", quoted(database.uri.database, '`'), account);
      }
      return sql;
    }
    case Kind::redshift_provisioned:
      if (iam.auto_create) return "-- auto_create is on: Redshift makes the user at its first login.\n";
      return fmt::format("CREATE USER {} PASSWORD DISABLE;\n", user);
    case Kind::redshift_serverless:
      if (set.role_arn.empty()) {
        return "-- Redshift makes the user at its first login, named after the caller: \"IAMR:<role>\" or "
               "\"IAM:<user>\".\n";
      }
      return fmt::format("CREATE USER {} PASSWORD DISABLE;\n",
                         quoted("IAMR:" + role_name(set.role_arn), '"'));
    case Kind::password:
      break;
  }
  return {};
}

}  // namespace

std::string_view code_name(PolicyErrc code) {
  switch (code) {
    case PolicyErrc::policy_not_needed:
      return "policy_not_needed";
    case PolicyErrc::policy_argument_invalid:
      return "policy_argument_invalid";
  }
  return {};
}

base::Result<PolicySet> policies_for(const Database& database, const PolicyOptions& options) {
  if (!database.aws_iam) {
    return base::fail(
        PolicyErrc::policy_not_needed,
        fmt::format("Database '{}' has no enabled aws_iam block: its password needs no IAM policy.",
                    database.name));
  }
  const AwsIam& iam = *database.aws_iam;
  if (auto checked = check_policy_options(database, options); !checked)
    return std::unexpected(checked.error());
  if (!options.account.empty() && !iam.role_arn.empty() && options.account != account_of(iam.role_arn)) {
    return base::fail(PolicyErrc::policy_argument_invalid,
                      fmt::format("--account {} is not the account of role_arn, {}.", options.account,
                                  account_of(iam.role_arn)),
                      "Leave --account out: role_arn says it.");
  }
  PolicySet set;
  set.database = database.name;
  set.role_arn = iam.role_arn;
  set.partition = base::partition_of_region(iam.region).name;
  set.account = !iam.role_arn.empty() ? account_of(iam.role_arn) : options.account;
  if (set.account.empty()) set.account = account_of(options.caller_arn);
  if (set.account.empty()) {
    set.account = kAccountPlaceholder;
    set.notes.emplace_back(
        "ACCOUNT_ID stands for the database's account: aws sts get-caller-identity --query Account prints "
        "the caller's. "
        "Give it with --account.");
  }
  set.caller_arn = options.caller_arn.empty() ? std::string(kCallerPlaceholder) : options.caller_arn;

  json::object permissions;
  switch (database.kind()) {
    case Kind::redshift_provisioned:
      permissions = provisioned_permissions(database, set);
      break;
    case Kind::redshift_serverless:
      permissions = serverless_permissions(database, options, set);
      break;
    default:
      permissions = rds_permissions(database, options, set);
      break;
  }
  if (set.role_arn.empty()) {
    set.documents.push_back({Placement::caller, fmt::format("Permissions of the caller, {}", set.caller_arn),
                             std::move(permissions)});
  } else {
    set.documents.push_back({Placement::database_role,
                             fmt::format("Permissions of {} (account {})", set.role_arn, set.account),
                             std::move(permissions)});
    set.documents.push_back({Placement::role_trust,
                             fmt::format("Trust policy of {} (account {})", set.role_arn, set.account),
                             trust_policy(set, iam.external_id)});
    set.documents.push_back({Placement::caller, fmt::format("Permissions of the caller, {}", set.caller_arn),
                             document({statement({"sts:AssumeRole"}, {json::value(set.role_arn)})})});
    if (options.caller_arn.empty()) {
      set.notes.emplace_back(
          "CALLER_ARN stands for the IAM role or user that Rolegate runs as (a role's own ARN, not that of a "
          "session). "
          "Give it with --caller.");
    }
    if (iam.external_id.empty() && options.caller_arn.empty() == false &&
        account_of(options.caller_arn) != account_of(set.role_arn)) {
      set.notes.emplace_back(
          "The role is in another account and no external_id is configured: anyone who may act as the caller "
          "may assume it.");
    }
  }
  set.sql = sql_for(database, set);
  return set;
}

}  // namespace rolegate::doctor

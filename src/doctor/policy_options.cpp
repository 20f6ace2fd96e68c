#include "doctor/policy_options.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/arn.hpp"
#include "base/ascii.hpp"
#include "base/database_endpoint.hpp"
#include "base/partition.hpp"

namespace rolegate::doctor {
namespace {

using config::Kind;

bool is_hex(char c) { return base::is_digit(c) || (c >= 'a' && c <= 'f'); }

/// 8-4-4-4-12 hexadecimal digits.
bool is_uuid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::ranges::equal(text, kForm,
                            [](char c, char form) { return form == '-' ? c == '-' : is_hex(c); });
}

base::Result<void> invalid(std::string message, std::string hint) {
  return base::fail(PolicyErrc::policy_argument_invalid, std::move(message), std::move(hint));
}

/// ROLE and USER names with their path (CreateRole, CreateUser): [\w+=,.@-] and '/'.
bool is_path_and_name(std::string_view text) {
  return !text.empty() && text.back() != '/' && std::ranges::all_of(text, [](char c) {
    return base::is_alphanumeric(c) || std::string_view("_+=,.@-/").contains(c);
  });
}

base::Result<void> check_caller(std::string_view text, std::string_view region) {
  constexpr const char* kForm = "Write arn:aws:iam::ACCOUNT:role/NAME or …:user/NAME.";
  const base::Arn arn = base::read_arn(text).value_or(base::Arn{});
  if (arn.service == "sts" && arn.resource.starts_with("assumed-role/")) {
    return invalid("--caller is the ARN of a role's session.",
                   "Write the role's own: arn:aws:iam::ACCOUNT:role/NAME.");
  }
  const bool principal = arn.resource == "root" ||
                         (arn.resource.starts_with("role/") && is_path_and_name(arn.resource.substr(5))) ||
                         (arn.resource.starts_with("user/") && is_path_and_name(arn.resource.substr(5)));
  if (arn.service != "iam" || !arn.region.empty() || !base::is_aws_account(arn.account) || !principal)
    return invalid("--caller is not the ARN of a role or a user.", kForm);
  const std::string_view partition = base::partition_of_region(region).name;
  if (arn.partition != partition) {
    return invalid(fmt::format("--caller is of the partition '{}', and the region {} is in {}.",
                               arn.partition, region, partition),
                   "Roles do not reach across partitions.");
  }
  return {};
}

base::Result<void> check_rds_id(std::string_view id, std::string_view host) {
  constexpr std::array<std::string_view, 4> kPrefixes{"cluster-", "db-", "prx-", "shardgroup-"};
  const auto prefix =
      std::ranges::find_if(kPrefixes, [&](std::string_view known) { return id.starts_with(known); });
  if (prefix == kPrefixes.end() || id.size() == prefix->size() ||
      !std::ranges::all_of(id.substr(prefix->size()), base::is_alphanumeric)) {
    return invalid(
        "--resource-id is not one of RDS.",
        "It is cluster-… of an Aurora cluster, db-… of an instance, prx-… of a proxy; not a name, an "
        "ARN or a pattern.");
  }
  // An instance's endpoint may be an Aurora cluster's too, whose id then counts.
  using EndpointKind = base::DatabaseEndpoint::Kind;
  const auto endpoint = base::database_endpoint(host);
  if (!endpoint || endpoint->kind == EndpointKind::instance || endpoint->kind == EndpointKind::shard_group)
    return {};
  const std::string_view wanted = endpoint->kind == EndpointKind::proxy ? "prx-" : "cluster-";
  if (*prefix == wanted) return {};
  return invalid(fmt::format("--resource-id begins with {}, and the host is that of a {}.", *prefix,
                             wanted == "prx-" ? "proxy" : "cluster"),
                 fmt::format("It begins with {} then.", wanted));
}

base::Result<void> check_resource_id(const config::Database& database, std::string_view id) {
  switch (database.kind()) {
    case Kind::redshift_provisioned:
      return invalid("--resource-id is for RDS and Redshift Serverless.",
                     "Leave it out: the configuration names the cluster.");
    case Kind::redshift_serverless:
      if (is_uuid(id)) return {};
      return invalid("--resource-id is not the id of a workgroup.",
                     "It is a UUID; not a name, an ARN or a pattern.");
    default:
      return check_rds_id(id, database.uri.host);
  }
}

}  // namespace

base::Result<void> check_policy_options(const config::Database& database, const PolicyOptions& options) {
  if (!options.account.empty() && !base::is_aws_account(options.account))
    return invalid("--account is not an account.", "An account is 12 digits, without hyphens.");
  if (!options.caller_arn.empty()) {
    if (auto checked = check_caller(options.caller_arn, database.aws_iam->region); !checked) return checked;
  }
  return options.resource_id.empty() ? base::Result<void>{}
                                     : check_resource_id(database, options.resource_id);
}

}  // namespace rolegate::doctor

#include "config/read/read_aws_iam.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "base/database_endpoint.hpp"
#include "base/nearest.hpp"
#include "config/read/aws_names.hpp"

namespace rolegate::config {
namespace {

constexpr std::array<std::string_view, 13> kFields{
    "enabled",          "role_arn",       "external_id",        "region",  "db_username",
    "session_duration", "workgroup_name", "cluster_identifier", "db_name", "role_session_name",
    "auto_create",      "db_groups",      "duration_seconds"};

/// The longest user name the engine takes. PostgreSQL cuts longer ones off (NAMEDATALEN − 1, "Identifiers and
/// Key Words"), so the token would be for another user; MySQL 8.0 "User Account Management"; Redshift "Names
/// and identifiers".
std::size_t max_user_length(Engine engine) {
  switch (engine) {
    case Engine::postgresql:
      return 63;
    case Engine::mysql:
      return 32;
    case Engine::redshift:
      return 127;
  }
  return 63;
}

class Reader {
 public:
  Reader(Fields& block, const ParsedUri& uri, AwsIam& out) : block_(block), uri_(uri), out_(out) {}

  void read() {
    read_role();
    read_names();
    if (!uri_.engine_known) return;
    if (uri_.uri.engine == Engine::redshift) {
      check_redshift();
    } else {
      check_aurora();
    }
    check_required();
  }

 private:
  bool is_set(std::string_view key) const { return !block_.is_unset(key); }

  /// A text field with a check of its own. An empty one that is required is reported with the missing ones.
  template <typename Check>
  void named(std::string_view key, std::string& out, std::size_t max, Check&& check) {
    const auto text = block_.text(key, max);
    if (!text) return;
    const bool may_be_arn = key == "role_arn" || key == "external_id";
    if (!may_be_arn && text->value.starts_with("arn:")) {
      block_.error(key, "is an ARN.", "Write the name alone.");
    } else if (const std::optional<NameFault> fault = check(text->value)) {
      block_.error(key, fault->message, fault->remedy);
    } else {
      out = text->value;
    }
  }
  template <typename Check>
  void named_if_set(std::string_view key, std::string& out, std::size_t max, Check&& check) {
    if (is_set(key)) named(key, out, max, check);
  }
  static std::optional<NameFault> anything(std::string_view) { return std::nullopt; }

  /// Says whether the value is one that Superset masked.
  static std::optional<NameFault> masked(std::string_view value) {
    if (value != kMasked) return std::nullopt;
    return NameFault{"is masked: Superset's export does not hold the value.",
                     "Write the value itself in its place."};
  }

  void read_role() {
    named_if_set("region", out_.region, 64, check_region);
    named("role_arn", out_.role_arn, 4096, [&](std::string_view arn) {
      auto fault = masked(arn);
      return fault ? fault : check_role_arn(arn, out_.region);
    });
    named("external_id", out_.external_id, 4096, [](std::string_view id) {
      auto fault = masked(id);
      return fault ? fault : check_external_id(id);
    });
    named("role_session_name", out_.role_session_name, 256, check_role_session_name);
    if (const auto duration = block_.seconds("session_duration", 900, 43200))
      out_.session_duration = *duration;
    if (is_set("role_arn")) return;
    if (is_set("external_id")) {
      block_.error("external_id", "is set without role_arn.",
                   "An external id goes with the role that is assumed: add role_arn, or remove external_id.");
    }
    if (is_set("role_session_name")) {
      block_.warning("role_session_name", "has no effect without role_arn.", "Add role_arn, or remove it.");
    }
  }

  void read_names() {
    const std::size_t longest = uri_.engine_known ? max_user_length(uri_.uri.engine) : 127;
    named_if_set("db_username", out_.db_username, longest, anything);
    named_if_set("workgroup_name", out_.workgroup_name, 256, check_workgroup_name);
    named_if_set("cluster_identifier", out_.cluster_identifier, 256, check_cluster_identifier);
    named_if_set("db_name", out_.db_name, 127, anything);
    if (const auto create = block_.boolean("auto_create")) out_.auto_create = *create;
    out_.duration_seconds = block_.seconds("duration_seconds", 900, 3600);
    for (Fields::Text& group : block_.texts("db_groups", 100, 64)) {
      // GetClusterCredentials: DbGroups "must be in lowercase".
      if (std::ranges::any_of(group.value, [](char c) { return c >= 'A' && c <= 'Z'; })) {
        block_.error("db_groups", fmt::format("holds {}, which is not in lower case.", quoted(group.value)),
                     "Redshift takes the names of groups in lower case only.");
      }
      out_.db_groups.push_back(std::move(group.value));
    }
  }

  void check_aurora() {
    for (const std::string_view key :
         {"workgroup_name", "cluster_identifier", "auto_create", "db_groups", "duration_seconds"}) {
      if (is_set(key)) {
        block_.error(key, fmt::format("is for Redshift, and the URI is {}://.", engine_name(uri_.uri.engine)),
                     "Remove it, or write the URI as redshift://.");
      }
    }
    // The reference implementation does not look at it here, so blocks that have it are about.
    if (is_set("db_name")) {
      block_.warning("db_name", "is for Redshift and is not used.",
                     "The database is the URI's: HOST:PORT/DATABASE.");
    }
    out_.db_name.clear();
  }

  void check_redshift() {
    const bool serverless = is_set("workgroup_name");
    const bool provisioned = is_set("cluster_identifier");
    if (serverless && provisioned) {
      block_.error(
          "cluster_identifier",
          "AWS IAM configuration cannot have both workgroup_name (Serverless) and cluster_identifier "
          "(provisioned).",
          "Please specify only one.");
    } else if (!serverless && !provisioned) {
      block_.error({},
                   "AWS IAM configuration must include either workgroup_name (for Redshift Serverless) or "
                   "cluster_identifier (for provisioned Redshift clusters).");
    } else if (serverless) {
      for (const std::string_view key : {"auto_create", "db_groups"}) {
        if (is_set(key)) {
          block_.error(key, "is for provisioned Redshift, and workgroup_name makes this Redshift Serverless.",
                       "Remove it.");
        }
      }
      if (is_set("db_username")) {
        block_.warning("db_username",
                       "is not used by Redshift Serverless, which makes the user from the IAM identity.",
                       "Remove it.");
        out_.db_username.clear();
      }
    }
    const std::string& of_uri = uri_.uri.database;
    if (!is_set("db_name")) {
      out_.db_name = of_uri;
    } else if (!of_uri.empty() && !out_.db_name.empty() && of_uri != out_.db_name) {
      block_.warning("db_name", "differs from the URI's database; this one is used.",
                     "Write the same in both places.");
    }
  }

  /// In the order of the reference implementation's message; role_arn may be absent here (same account).
  void check_required() {
    const bool redshift = uri_.uri.engine == Engine::redshift;
    std::vector<std::string_view> missing;
    if (!is_set("region")) missing.push_back("region");
    if (redshift && !is_set("db_name") && uri_.uri.database.empty()) missing.push_back("db_name");
    const bool needs_user = !redshift || (is_set("cluster_identifier") && !is_set("workgroup_name"));
    if (needs_user && !is_set("db_username")) missing.push_back("db_username");
    std::erase_if(missing, [&](std::string_view key) { return block_.is_meant(key); });
    if (missing.empty()) return;
    block_.error({},
                 fmt::format("AWS IAM configuration missing required fields: {}.", fmt::join(missing, ", ")),
                 missing.size() == 1 ? "Add it." : "Add them.");
  }

  Fields& block_;
  const ParsedUri& uri_;
  AwsIam& out_;
};

}  // namespace

bool is_aws_iam_field(std::string_view key) { return std::ranges::find(kFields, key) != kFields.end(); }

std::optional<bool> read_enabled(Fields& block) {
  if (!block.is_unset("enabled")) return block.boolean("enabled");
  for (const Node::Entry& entry : block.map().entries) {
    if (is_aws_iam_field(entry.key)) continue;
    constexpr std::array<std::string_view, 1> kOnly{"enabled"};
    if (base::nearest(entry.key, kFields) != "enabled") continue;
    block.unknown(entry, kOnly);
    return std::nullopt;
  }
  block.error("enabled", "is missing.",
              "Set it to true to log in with IAM, or to false to use the URI's user and password.");
  return std::nullopt;
}

std::optional<AwsIam> read_aws_iam(Fields& block, const ParsedUri& uri, Report& report) {
  const std::size_t errors = report.errors();
  AwsIam out;
  for (const Node::Entry& entry : block.map().entries) {
    if (!is_aws_iam_field(entry.key)) block.unknown(entry, kFields);
  }
  Reader(block, uri, out).read();
  const auto endpoint = base::database_endpoint(uri.uri.host);
  if (endpoint && !endpoint->region.empty() && !out.region.empty() && endpoint->region != out.region) {
    block.warning("region", fmt::format("is {}, and the host's name says {}.", out.region, endpoint->region),
                  "The database refuses a login that was made for another region.");
  }
  if (report.errors() != errors) return std::nullopt;
  return out;
}

}  // namespace rolegate::config

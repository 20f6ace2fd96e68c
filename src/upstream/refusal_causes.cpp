#include "upstream/refusal_causes.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/database_endpoint.hpp"
#include "upstream/ca.hpp"

namespace rolegate::upstream {
namespace {

/// The name of an identifier in SQL, quoted so that it can be pasted.
std::string quoted(std::string_view name, char quote) {
  std::string text(1, quote);
  for (const char c : name) {
    if (c == quote) text += quote;
    text += c;
  }
  return text + quote;
}

std::string caller(const login::Login& login) {
  return login.principal.empty() ? "the calling identity" : login.principal;
}

/// arn:PARTITION:SERVICE:REGION:ACCOUNT:…, or a placeholder for what is no ARN.
std::string_view account_of(std::string_view arn) {
  if (!arn.starts_with("arn:")) return "ACCOUNT_ID";
  for (int colon = 0; colon < 4; ++colon) arn.remove_prefix(std::min(arn.find(':') + 1, arn.size()));
  return arn.substr(0, arn.find(':'));
}

/// "arn:aws:rds-db:eu-west-1:222222222222:dbuser:cluster-RESOURCE_ID/app_rw", as far as it is known: the
/// region from the endpoint's name, the account from whoever logs in, which must be the database's own.
std::string connect_arn(const login::Login& login) {
  const auto endpoint = base::database_endpoint(login.host);
  const bool has_region = endpoint && !endpoint->region.empty();
  // An instance's endpoint may be an Aurora cluster's too, whose id then counts.
  const bool has_prefix = endpoint && endpoint->kind != base::DatabaseEndpoint::Kind::instance;
  return fmt::format("arn:{}:rds-db:{}:{}:dbuser:{}RESOURCE_ID/{}",
                     endpoint ? endpoint->partition->name : "aws",
                     has_region ? std::string_view(endpoint->region) : "REGION", account_of(login.principal),
                     has_prefix ? endpoint->resource_prefix() : "", login.user);
}

std::string not_permitted(const login::Login& login) {
  return fmt::format(
      "{} may not connect: its policy must allow rds-db:connect on {} (the resource id is cluster-… of an "
      "Aurora cluster, db-… of an instance, prx-… of a proxy)",
      caller(login), connect_arn(login));
}

/// A token holds the endpoint's name; an alias or a tunnel's end in its place makes it worthless.
/// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.Connecting.html
std::string foreign_host(const login::Login& login) {
  return fmt::format(
      "{} is not an endpoint's own name: put the cluster's endpoint into "
      "sqlalchemy_uri and the alias or tunnel into connect_to=HOST:PORT",
      login.host);
}

constexpr std::string_view kClock =
    "the clock of this machine is off, so that the token is not valid yet or any more";

std::vector<std::string> aurora_causes(const login::Login& login) {
  std::vector<std::string> causes;
  if (!is_rds_endpoint(login.host)) causes.push_back(foreign_host(login));
  const auto endpoint = base::database_endpoint(login.host);
  if (endpoint && !endpoint->region.empty() && !login.region.empty() && endpoint->region != login.region) {
    causes.push_back(
        fmt::format("the token is for {}, and the database is in {}: correct region in the aws_iam block",
                    login.region, endpoint->region));
  }
  causes.push_back(no_iam_user(login));
  causes.push_back(not_permitted(login));
  causes.push_back(fmt::format(
      "the user is spelled differently in the database or the policy: {} is case-sensitive", login.user));
  causes.emplace_back("IAM authentication is not enabled on the cluster or instance");
  causes.emplace_back(kClock);
  return causes;
}

/// GetClusterCredentials succeeds for a user that does not exist; the login then fails.
/// https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html
std::vector<std::string> redshift_causes(const login::Login& login) {
  std::vector<std::string> causes;
  if (login.kind == config::Kind::redshift_provisioned) {
    causes.push_back(
        fmt::format("{} does not exist in the database (AWS gives a password for it nevertheless): create "
                    "the user, or set "
                    "auto_create: true in the aws_iam block",
                    login.user));
  } else {
    causes.push_back(
        fmt::format("{} has no rights in the database: a superuser must GRANT it what it needs", login.user));
  }
  causes.push_back(fmt::format("{} got the password for another database than {}: check db_name",
                               caller(login), login.db_name.empty() ? "this one" : login.db_name));
  causes.emplace_back("the password has expired, or the clock of this machine is off");
  return causes;
}

}  // namespace

std::string no_iam_user(const login::Login& login) {
  if (login.kind == config::Kind::aurora_mysql) {
    return fmt::format(
        "the user is not an IAM user of the database: CREATE USER {} IDENTIFIED WITH "
        "AWSAuthenticationPlugin AS 'RDS'",
        quoted(login.user, '\''));
  }
  return fmt::format("the user has not got the role rds_iam, or does not exist: GRANT rds_iam TO {}",
                     quoted(login.user, '"'));
}

std::string refusal_causes(const login::Login& login) {
  const bool rds = login.kind == config::Kind::aurora_postgresql || login.kind == config::Kind::aurora_mysql;
  std::string text = "Likeliest cause first:";
  int number = 0;
  for (const auto& cause : rds ? aurora_causes(login) : redshift_causes(login)) {
    text += fmt::format("{} ({}) {}", number == 0 ? "" : ";", number + 1, cause);
    ++number;
  }
  return fmt::format("{}. `rolegate policy {}` prints the policies and the SQL that this database needs.",
                     text, login.database);
}

}  // namespace rolegate::upstream

#include "doctor/policy.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "doctor/policy_format.hpp"

namespace rolegate::doctor {
namespace {

namespace json = boost::json;

constexpr std::string_view kRole = "arn:aws:iam::222222222222:role/SupersetDatabaseAccess";
constexpr std::string_view kCaller = "arn:aws:iam::111111111111:role/SupersetInstanceRole";

config::Database aurora(std::string_view host = "orders.cluster-abc.eu-west-1.rds.amazonaws.com") {
  config::Database database;
  database.name = "orders";
  database.uri.host = host;
  database.uri.database = "app";
  database.aws_iam = config::AwsIam{};
  database.aws_iam->region = "eu-west-1";
  database.aws_iam->role_arn = kRole;
  database.aws_iam->external_id = "superset-prod-12345";
  database.aws_iam->db_username = "app_rw";
  return database;
}

config::Database redshift() {
  config::Database database = aurora("");
  database.uri.engine = config::Engine::redshift;
  database.aws_iam->db_name = "dev";
  return database;
}

PolicySet policies(const config::Database& database,
                   const PolicyOptions& options = {.caller_arn = std::string(kCaller)}) {
  auto set = policies_for(database, options);
  EXPECT_TRUE(set) << (set ? "" : set.error().message);
  return set ? std::move(*set) : PolicySet{};
}

std::string resources(const PolicySet& set, std::size_t document = 0) {
  std::string out;
  for (const auto& statement : set.documents.at(document).document.at("Statement").as_array()) {
    out += json::serialize(statement.at("Action")) + " " + json::serialize(statement.at("Resource")) + "\n";
  }
  return out;
}

TEST(Policy, NamesTheClusterTheUserAndTheRolesAccount) {
  const PolicySet set =
      policies(aurora(), {.caller_arn = std::string(kCaller), .resource_id = "cluster-ABCDEF"});
  EXPECT_EQ(
      resources(set),
      "[\"rds-db:connect\"] [\"arn:aws:rds-db:eu-west-1:222222222222:dbuser:cluster-ABCDEF/app_rw\"]\n");
  EXPECT_TRUE(set.notes.empty());
}

TEST(Policy, TrustsTheCallerUnderTheExternalId) {
  const PolicySet set = policies(aurora());
  EXPECT_EQ(
      json::serialize(set.documents.at(1).document),
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/SupersetInstanceRole"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"superset-prod-12345"}}}]})");
}

TEST(Policy, LetsTheCallerAssumeThatRoleAndNoOther) {
  EXPECT_EQ(resources(policies(aurora()), 2),
            "[\"sts:AssumeRole\"] [\"arn:aws:iam::222222222222:role/SupersetDatabaseAccess\"]\n");
}

TEST(Policy, TakesTheResourcePrefixFromTheKindOfEndpoint) {
  const auto prefix = [](std::string_view host) { return resources(policies(aurora(host))); };
  EXPECT_NE(prefix("o.cluster-ro-abc.eu-west-1.rds.amazonaws.com").find("dbuser:cluster-RESOURCE_ID/"),
            std::string::npos);
  EXPECT_NE(prefix("o.abc.eu-west-1.rds.amazonaws.com").find("dbuser:db-RESOURCE_ID/"), std::string::npos);
  EXPECT_NE(prefix("o.proxy-abc.eu-west-1.rds.amazonaws.com").find("dbuser:prx-RESOURCE_ID/"),
            std::string::npos);
  EXPECT_NE(prefix("ro.endpoint.proxy-abc.eu-west-1.rds.amazonaws.com").find("dbuser:prx-RESOURCE_ID/"),
            std::string::npos);
}

TEST(Policy, SaysWhereAPlaceholdersValueIsFound) {
  const PolicySet set = policies(aurora());
  ASSERT_EQ(set.notes.size(), 1U);
  EXPECT_NE(set.notes[0].find("aws rds describe-db-clusters"), std::string::npos);
}

TEST(Policy, WritesPatternCharactersOfAUserNameAsThemselves) {
  config::Database database = aurora();
  database.aws_iam->db_username = "a*b?c$d";
  EXPECT_NE(resources(policies(database)).find("/a${*}b${?}c${$}d\""), std::string::npos);
}

TEST(Policy, SameAccountNeedsThePermissionsOfTheCallerOnly) {
  config::Database database = aurora();
  database.aws_iam->role_arn.clear();
  database.aws_iam->external_id.clear();
  const PolicySet set = policies(database);
  ASSERT_EQ(set.documents.size(), 1U);
  EXPECT_EQ(set.documents[0].placement, Placement::caller);
  EXPECT_NE(resources(set).find(":111111111111:dbuser:"), std::string::npos);
}

TEST(Policy, FollowsThePartitionOfTheRegion) {
  config::Database database = aurora("o.cluster-abc.cn-north-1.rds.amazonaws.com.cn");
  database.aws_iam->region = "cn-north-1";
  database.aws_iam->role_arn = "arn:aws-cn:iam::222222222222:role/R";
  const PolicySet set = policies(database, {.caller_arn = "arn:aws-cn:iam::111111111111:role/R"});
  EXPECT_NE(resources(set).find("arn:aws-cn:rds-db:cn-north-1:"), std::string::npos);
}

TEST(Policy, ProvisionedRedshiftNeedsUserAndDatabaseAndNoMore) {
  config::Database database = redshift();
  database.uri.host = "my-cluster.abc.eu-west-1.redshift.amazonaws.com";
  database.aws_iam->cluster_identifier = "my-cluster";
  EXPECT_EQ(resources(policies(database)),
            "[\"redshift:GetClusterCredentials\"] "
            "[\"arn:aws:redshift:eu-west-1:222222222222:dbuser:my-cluster/app_rw\","
            "\"arn:aws:redshift:eu-west-1:222222222222:dbname:my-cluster/dev\"]\n");
}

TEST(Policy, ProvisionedRedshiftGetsWhatItsOptionsNeed) {
  config::Database database = redshift();
  database.aws_iam->cluster_identifier = "my-cluster";
  database.aws_iam->auto_create = true;
  database.aws_iam->db_groups = {"readers"};
  const std::string all = resources(policies(database));
  EXPECT_NE(all.find("[\"redshift:CreateClusterUser\"] "
                     "[\"arn:aws:redshift:eu-west-1:222222222222:dbuser:my-cluster/app_rw\"]"),
            std::string::npos);
  EXPECT_NE(all.find("[\"redshift:JoinGroup\"] "
                     "[\"arn:aws:redshift:eu-west-1:222222222222:dbgroup:my-cluster/readers\"]"),
            std::string::npos);
  EXPECT_NE(
      all.find(
          "[\"redshift:DescribeClusters\"] [\"arn:aws:redshift:eu-west-1:222222222222:cluster:my-cluster\"]"),
      std::string::npos);
}

TEST(Policy, ServerlessAsksForTheEndpointOnlyWhenTheUriHasNone) {
  config::Database database = redshift();
  database.aws_iam->workgroup_name = "my-workgroup";
  const PolicyOptions options{.caller_arn = std::string(kCaller),
                              .resource_id = "0a1b2c3d-0000-4000-8000-0123456789ab"};
  EXPECT_EQ(resources(policies(database, options)),
            "[\"redshift-serverless:GetCredentials\",\"redshift-serverless:GetWorkgroup\"] "
            "[\"arn:aws:redshift-serverless:eu-west-1:222222222222:workgroup/"
            "0a1b2c3d-0000-4000-8000-0123456789ab\"]\n");
  database.uri.host = "my-workgroup.222222222222.eu-west-1.redshift-serverless.amazonaws.com";
  EXPECT_EQ(resources(policies(database, options)).find("GetWorkgroup"), std::string::npos);
}

TEST(Policy, QuotesNamesInSql) {
  config::Database database = aurora();
  database.aws_iam->db_username = "o\"brien";
  EXPECT_EQ(policies(database).sql,
            "CREATE USER \"o\"\"brien\";\nGRANT rds_iam TO \"o\"\"brien\";\nGRANT CONNECT ON DATABASE "
            "\"app\" TO \"o\"\"brien\";\n");
  database.uri.engine = config::Engine::mysql;
  database.aws_iam->db_username = "o'brien\\";
  EXPECT_EQ(policies(database).sql,
            "CREATE USER 'o''brien\\\\'@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL;\n"
            "GRANT SELECT ON `app`.* TO 'o''brien\\\\'@'%';\n");
}

TEST(Policy, RefusesAPasswordDatabase) {
  config::Database database = aurora();
  database.aws_iam.reset();
  const auto set = policies_for(database, {});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, "policy_not_needed");
}

TEST(Policy, RefusesAnAccountThatIsNotTheRoles) {
  const auto set = policies_for(aurora(), {.account = "333333333333"});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().message, "--account 333333333333 is not the account of role_arn, 222222222222.");
}

/// The refusal's code and text; empty when the options are taken.
std::string refusal(const config::Database& database, const PolicyOptions& options) {
  const auto set = policies_for(database, options);
  if (set) return {};
  EXPECT_EQ(set.error().code, "policy_argument_invalid");
  return set.error().message;
}

TEST(Policy, TakesNoPatternsAndNoOtherFormsInItsOptions) {
  for (const char* account : {"*", "22222222222", "2222-2222-2222", "22222222222x"})
    EXPECT_EQ(refusal(aurora(), {.account = account}), "--account is not an account.") << account;
  for (const char* caller :
       {"*", "arn:aws:iam::*:role/x", "arn:aws:iam::111111111111:role/*", "arn:aws:iam::111111111111:role/",
        "arn:aws:iam::111111111111:group/x", "arn:aws:iam:eu-west-1:111111111111:role/x",
        "arn:aws:s3:::bucket", "AKIAIOSFODNN7EXAMPLE", "111111111111"}) {
    EXPECT_EQ(refusal(aurora(), {.caller_arn = caller}), "--caller is not the ARN of a role or a user.")
        << caller;
  }
  for (const char* id : {"*", "cluster-*", "cluster-", "orders", "cluster-ABC/app", "my-workgroup",
                         "arn:aws:rds:eu-west-1:222222222222:cluster:orders"}) {
    EXPECT_EQ(refusal(aurora(), {.resource_id = id}), "--resource-id is not one of RDS.") << id;
  }
  config::Database serverless = redshift();
  serverless.aws_iam->workgroup_name = "my-workgroup";
  for (const char* id : {"*", "my-workgroup", "0a1b2c3d-0000-4000-8000-0123456789a*", "cluster-ABCDEF"}) {
    EXPECT_EQ(refusal(serverless, {.resource_id = id}), "--resource-id is not the id of a workgroup.") << id;
  }
}

TEST(Policy, TakesTheRolesAndUsersThatThereAre) {
  for (const char* caller : {"arn:aws:iam::111111111111:role/service-role/x_+=,.@-1",
                             "arn:aws:iam::111111111111:user/x", "arn:aws:iam::111111111111:root"}) {
    EXPECT_EQ(refusal(aurora(), {.caller_arn = caller}), "") << caller;
  }
  EXPECT_EQ(refusal(aurora(), {.caller_arn = "arn:aws:sts::111111111111:assumed-role/x/session"}),
            "--caller is the ARN of a role's session.");
  EXPECT_EQ(refusal(aurora(), {.caller_arn = "arn:aws-cn:iam::111111111111:role/x"}),
            "--caller is of the partition 'aws-cn', and the region eu-west-1 is in aws.");
}

TEST(Policy, TakesTheIdThatTheEndpointHas) {
  config::Database database = aurora();
  database.uri.host = "o.cluster-abc.eu-west-1.rds.amazonaws.com";
  EXPECT_EQ(refusal(database, {.resource_id = "cluster-ABCDEF"}), "");
  EXPECT_EQ(refusal(database, {.resource_id = "db-ABCDEF"}),
            "--resource-id begins with db-, and the host is that of a cluster.");
  database.uri.host = "o.proxy-abc.eu-west-1.rds.amazonaws.com";
  EXPECT_EQ(refusal(database, {.resource_id = "prx-ABCDEF"}), "");
  EXPECT_EQ(refusal(database, {.resource_id = "cluster-ABCDEF"}),
            "--resource-id begins with cluster-, and the host is that of a proxy.");
  database.uri.host = "o-1.abc.eu-west-1.rds.amazonaws.com";  // of RDS, or one instance of an Aurora cluster
  EXPECT_EQ(refusal(database, {.resource_id = "db-ABCDEF"}), "");
  EXPECT_EQ(refusal(database, {.resource_id = "cluster-ABCDEF"}), "");
  EXPECT_NE(refusal(redshift(), {.resource_id = "cluster-ABCDEF"}), "");
}

TEST(PolicyFormat, JsonHoldsTheThreeDocuments) {
  const json::value parsed = json::parse(format_policies(policies(aurora()), PolicyFormat::json));
  EXPECT_TRUE(parsed.at("permission_policy").is_object());
  EXPECT_TRUE(parsed.at("trust_policy").is_object());
  EXPECT_TRUE(parsed.at("caller_policy").is_object());
}

TEST(PolicyFormat, TerraformEscapesTemplateSequences) {
  config::Database database = aurora();
  database.aws_iam->db_username = "a*";
  const std::string text = format_policies(policies(database), PolicyFormat::terraform);
  EXPECT_NE(text.find("/a$${*}"), std::string::npos);
  EXPECT_NE(text.find("name               = \"SupersetDatabaseAccess\""), std::string::npos);
}

TEST(PolicyFormat, CloudFormationMakesTheRoleInTheDatabasesAccountOnly) {
  const json::value parsed = json::parse(format_policies(policies(aurora()), PolicyFormat::cloudformation));
  const auto& role = parsed.at("Resources").at("ordersRole");
  EXPECT_EQ(role.at("Condition"), "DatabaseAccount");
  EXPECT_EQ(role.at("Properties").at("RoleName"), "SupersetDatabaseAccess");
  EXPECT_EQ(json::serialize(parsed.at("Conditions").at("DatabaseAccount")),
            R"({"Fn::Equals":[{"Ref":"AWS::AccountId"},"222222222222"]})");
}

TEST(PolicyFormat, AttachesTheCallersPolicyWhenTheCallerIsKnown) {
  const json::value parsed = json::parse(format_policies(policies(aurora()), PolicyFormat::cloudformation));
  EXPECT_EQ(json::serialize(parsed.at("Resources").at("ordersCaller").at("Properties").at("Roles")),
            R"(["SupersetInstanceRole"])");
  const std::string terraform = format_policies(policies(aurora()), PolicyFormat::terraform);
  EXPECT_NE(terraform.find("resource \"aws_iam_role_policy_attachment\" \"rolegate_orders_caller\""),
            std::string::npos);
  const json::value unknown =
      json::parse(format_policies(policies(aurora(), {}), PolicyFormat::cloudformation));
  EXPECT_FALSE(unknown.at("Resources").at("ordersCaller").at("Properties").as_object().contains("Roles"));
}

}  // namespace
}  // namespace rolegate::doctor

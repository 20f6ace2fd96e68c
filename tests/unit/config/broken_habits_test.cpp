#include <gmock/gmock.h>

#include "unit/config/broken.hpp"

namespace rolegate::config {
namespace {

using testing::ElementsAreArray;

/// Slips of people who know other tools, or who copied an example: each gets one sentence of its own, and
/// nothing that only follows from it.
class BrokenHabit : public testing::TestWithParam<Broken> {};

TEST_P(BrokenHabit, GetsOneSentence) {
  EXPECT_THAT(texts(load_yaml(GetParam().given).problems), ElementsAreArray(GetParam().expected));
}

const std::string kEndpoint = "postgresql://o.cluster-abc.eu-west-1.rds.amazonaws.com/app";
const std::string kDatabase = "databases:\n  - database_name: orders\n    sqlalchemy_uri: ";
const std::string kAt = "rolegate.yaml:";
const std::string kOrders = ": database 'orders': ";

std::string with_iam(const std::string& uri, const std::string& more = {}) {
  return with_block(uri, "enabled: true\nregion: eu-west-1\ndb_username: app_rw" + more);
}

const Broken kNames[] = {
    {"NameAndUriOfOtherTools",
     "databases:\n  - name: orders\n    url: mysql://u:p@h/db\n",
     {"rolegate.yaml:2: database #1: name: unknown field. Did you mean 'database_name'?",
      "rolegate.yaml:3: database #1: url: unknown field. Did you mean 'sqlalchemy_uri'?"}},
    {"MisspeltName",
     "databases:\n  - databasename: orders\n    sqlalchemy_uri: mysql://u:p@h/db\n",
     {"rolegate.yaml:2: database #1: databasename: unknown field. Did you mean 'database_name'?"}},
    {"MisspeltDatabases",
     "database:\n  - {}\n",
     {"rolegate.yaml:1: database: unknown field. Did you mean 'databases'?"}},
    {"MisspeltRegion",
     with_block(kEndpoint, "enabled: true\nregoin: eu-west-1\ndb_username: app_rw"),
     {kAt + "7" + kOrders + "encrypted_extra.aws_iam.regoin: unknown field. Did you mean 'region'?"}},
    {"MisspeltEnabled",
     with_block(kEndpoint, "enabeld: true\nregion: eu-west-1\ndb_username: app_rw"),
     {kAt + "6" + kOrders + "encrypted_extra.aws_iam.enabeld: unknown field. Did you mean 'enabled'?"}},
    {"EnabledIsNoBoolean",
     with_block(kEndpoint, "enabled: 'yes'\nregion: eu-west-1\ndb_username: app_rw"),
     {kAt + "6" + kOrders +
      "encrypted_extra.aws_iam.enabled: must be true or false, not a string. Write true or false."}},
    {"EveryDatabase",
     "databases:\n  - database_name: '*'\n    sqlalchemy_uri: mysql://u:p@h/db\n",
     {"rolegate.yaml:2: database '*': database_name: is '*', which stands for all databases in "
      "gateway.users. Give it another name."}},
    {"TrailingBlankInAName",
     "databases:\n  - database_name: 'orders '\n    sqlalchemy_uri: mysql://u:p@h/db\n",
     {"rolegate.yaml:2: database 'orders ': database_name: begins or ends with a blank. Remove it."}},
    {"TrailingBlankInTheBlock",
     with_block(kEndpoint, "enabled: true\nregion: 'eu-west-1 '\ndb_username: app_rw"),
     {kAt + "7" + kOrders + "encrypted_extra.aws_iam.region: begins or ends with a blank. Remove it."}},
};
INSTANTIATE_TEST_SUITE_P(Names, BrokenHabit, testing::ValuesIn(kNames), test_name);

const Broken kPlaces[] = {
    {"FieldsOneLevelTooHigh",
     kDatabase + kEndpoint + "\n    encrypted_extra:\n      enabled: true\n      region: eu-west-1\n",
     {kAt + "5" + kOrders +
          "encrypted_extra.enabled: is a field of aws_iam. Put it one level lower: {aws_iam: {…}}.",
      kAt + "6" + kOrders +
          "encrypted_extra.region: is a field of aws_iam. Put it one level lower: {aws_iam: {…}}."}},
    {"FieldsTwoLevelsTooHigh",
     kDatabase + kEndpoint + "\n    region: eu-west-1\n",
     {kAt + "4" + kOrders + "region: is a field of aws_iam. Put it below encrypted_extra: {aws_iam: {…}}."}},
    {"BlockOneLevelTooHigh",
     kDatabase + kEndpoint + "\n    aws_iam: {enabled: true}\n",
     {kAt + "4" + kOrders + "aws_iam: does not stand here. Put it below encrypted_extra."}},
    {"MergeKey",
     kDatabase + kEndpoint + "\n    <<: {}\n",
     {"rolegate.yaml:4: the line holds a merge key ('<<'), which YAML 1.2 does not have. Write the fields "
      "out; an alias (*NAME) may stand for a whole value."}},
    {"ExportOfSuperset",
     "database_name: orders\nsqlalchemy_uri: mysql://h\nencrypted_extra: '{}'\nversion: 1.0.0\n",
     {"rolegate.yaml:1: the file is one database, as Superset exports it, and no configuration. Write "
      "'databases:' and put it below as an item of that list."}},
    {"ArchiveOfSuperset",
     std::string("PK\x03\x04\x14\0\0\0", 8),
     {"rolegate.yaml: the file is a zip archive. If it is an export of Superset, take the databases out of "
      "it and put them below 'databases:'."}},
};
INSTANTIATE_TEST_SUITE_P(Places, BrokenHabit, testing::ValuesIn(kPlaces), test_name);

const std::string kFillIn = ". Fill it in first (envsubst, a template engine): nothing is replaced here.";

const Broken kPlaceholders[] = {
    {"OfJinja",
     kDatabase + "\"postgresql://{{ env['DB_USER'] }}:hunter2@h/app\"\n",
     {kAt + "3" + kOrders + "sqlalchemy_uri: has a placeholder for the user" + kFillIn}},
    {"OfAShell",
     kDatabase + "mysql://u:${DB_PASSWORD}@h/app\n",
     {kAt + "3" + kOrders + "sqlalchemy_uri: has a placeholder for the password" + kFillIn}},
    {"OfAnExample",
     with_iam(kEndpoint, "\nexternal_id: <your-external-id>\nrole_arn: arn:aws:iam::222222222222:role/x"),
     {kAt + "9" + kOrders + "encrypted_extra.aws_iam.external_id: holds a placeholder" + kFillIn}},
    {"OfAHost",
     kDatabase + "mysql://u:hunter2@<your-host>:3306/app\n",
     {kAt + "3" + kOrders + "sqlalchemy_uri: has a placeholder for the host" + kFillIn}},
    {"OfAPort",
     kDatabase + "mysql://u:hunter2@h:${DB_PORT}/app\n",
     {kAt + "3" + kOrders + "sqlalchemy_uri: has a placeholder for the port" + kFillIn}},
    {"OfADatabase",
     kDatabase + "mysql://u:hunter2@h/${DB_NAME}?connect_timeout=5\n",
     {kAt + "3" + kOrders + "sqlalchemy_uri: has a placeholder for the database" + kFillIn}},
    {"OfAUri",
     kDatabase + "'{{ uri }}'\n",
     {kAt + "3" + kOrders + "sqlalchemy_uri: has a placeholder for the whole URI" + kFillIn}},
    {"OutsideOfQuotes",
     kDatabase + "{{ uri }}\n",
     {"rolegate.yaml:3: the line holds a placeholder" + kFillIn}},
};
INSTANTIATE_TEST_SUITE_P(Placeholders, BrokenHabit, testing::ValuesIn(kPlaceholders), test_name);

TEST(Placeholder, IsNotSeenInAPassword) {
  for (const char* password :
       {"a${b", "x{{%7D}", "$%7B1}", "<1>", "a<b", "{}{}", "${}", "Xk<pQ>9z", "Xk${pQ}9z", "Xk{{pQ}}9z"}) {
    const Loaded loaded = load_yaml(kDatabase + "'mysql://u:" + password + "@h/app'\n");
    EXPECT_THAT(texts(loaded.problems), testing::IsEmpty()) << password;
  }
}

TEST(Placeholder, OfAPasswordIsNeverShown) {
  for (const std::string password :
       {"<Xk9zQ>", "${Xk9zQ}", "{{Xk9zQ}}", "a<Xk9zQ>b", "a${Xk9zQ}b", "a{{Xk9zQ}}b"}) {
    const std::string uri = "mysql://u:" + password + "@h/app";
    for (const std::string& text :
         {kDatabase + "'" + uri + "'\n", kDatabase + "'" + uri + "?sslmod=require'\n",
          kDatabase + "'" + uri + "\n", kDatabase + "{{ x }} " + uri + "\n",
          "databases:\n  - database_name: orders\n      sqlalchemy_uri " + uri + "\n",
          kDatabase + "mysql://h\n    listen: " + uri + "\n"}) {
      for (const Problem& problem : load_yaml(text).problems) {
        EXPECT_THAT(problem.text(), testing::Not(testing::HasSubstr("Xk9zQ"))) << text;
      }
    }
  }
}

TEST(Placeholder, IsNotSeenInAName) {
  const Loaded loaded =
      load_yaml("databases:\n  - {database_name: sales <eu>, sqlalchemy_uri: 'mysql://u:p@h/app'}\n");
  EXPECT_THAT(texts(loaded.problems), testing::IsEmpty());
}

const std::string kUri = kAt + "3" + kOrders + "sqlalchemy_uri: ";
const std::string kWriteIt =
    " Write the endpoint's own name, and add connect_to=HOST:PORT to dial elsewhere.";

const std::string kAlias =
    "rolegate.yaml:3: warning: database 'orders': sqlalchemy_uri: has a host that is no endpoint of RDS: "
    "the database refuses a token for an alias or a tunnel." +
    kWriteIt;

const Broken kHosts[] = {
    {"Localhost",
     with_iam("postgresql://localhost:5432/app"),
     {kUri + "has the host localhost, and a token is for the name that AWS gave the database." + kWriteIt}},
    {"Address",
     with_iam("mysql://10.0.0.7/app"),
     {kUri + "has the host 10.0.0.7, and a token is for the name that AWS gave the database." + kWriteIt}},
    {"AddressOfVersion6",
     with_iam("mysql://[fd00::7]/app"),
     {kUri + "has the host fd00::7, and a token is for the name that AWS gave the database." + kWriteIt}},
    {"Alias", with_iam("postgresql://orders.example.com/app"), {kAlias}},
    {"MisspeltAmazonaws",
     with_iam("postgresql://o.cluster-abc.eu-west-1.rds.amazonaw.com/app"),
     {kUri + "has 'amazonaw' in its host. Did you mean 'amazonaws'?"}},
    {"AliasLikeAmazonaws",
     with_iam("postgresql://orders.amazonaws-proxy.internal/app?connect_to=h:5432"),
     {kAlias}},
    {"AliasLikeAmazon", with_iam("postgresql://db.amazon.corp.example/app"), {kAlias}},
    {"AliasLikeAmazonawsWithARegion",
     with_iam("postgresql://o.cluster-abc.eu-west-1.amazonaw.com/app"),
     {kAlias}},
    {"AliasLikeAnEndpoint", with_iam("postgresql://o.cluster-abc.eu-west-1.rds.amazon.com/app"), {kAlias}},
    {"RedshiftUnderPostgresql",
     with_iam("postgresql://c.abc.eu-west-1.redshift.amazonaws.com:5439/dev"),
     {kUri + "has the host of a Redshift database. Write it as redshift://."}},
    {"RdsUnderRedshift",
     with_iam("redshift://o.cluster-abc.eu-west-1.rds.amazonaws.com/dev", "\ncluster_identifier: c1"),
     {kUri + "has the host of an RDS database. Write it as postgresql:// or mysql://."}},
    {"Dsql",
     with_iam("postgresql://abc.dsql.eu-west-1.on.aws/postgres"),
     {kUri + "has the host of an Aurora DSQL cluster, whose tokens are of another kind. Rolegate does not "
             "make them."}},
    {"PortOfAnotherEngine",
     kDatabase + "mysql://u:p@h:5432/app\n",
     {"rolegate.yaml:3: warning: database 'orders': sqlalchemy_uri: has the port 5432, which is "
      "postgresql's usual one, not mysql's. Is it the right scheme?"}},
};
INSTANTIATE_TEST_SUITE_P(Hosts, BrokenHabit, testing::ValuesIn(kHosts), test_name);

TEST(BrokenHabit, IsNoneWithConnectToOrRedshiftAt5432) {
  EXPECT_THAT(load_yaml(with_iam(kEndpoint + "?connect_to=127.0.0.1:15432")).problems, testing::IsEmpty());
  EXPECT_THAT(load_yaml(kDatabase + "redshift://u:p@h:5432/app\n").problems, testing::IsEmpty());
}

const Broken kArns[] = {
    {"AsCluster",
     with_iam("redshift:///dev", "\ncluster_identifier: arn:aws:redshift:eu-west-1:222222222222:cluster:c1"),
     {kAt + "9" + kOrders + "encrypted_extra.aws_iam.cluster_identifier: is an ARN. Write the name alone."}},
    {"AsUser",
     with_block(kEndpoint,
                "enabled: true\nregion: eu-west-1\ndb_username: arn:aws:iam::222222222222:user/app"),
     {kAt + "8" + kOrders + "encrypted_extra.aws_iam.db_username: is an ARN. Write the name alone."}},
};
INSTANTIATE_TEST_SUITE_P(Arns, BrokenHabit, testing::ValuesIn(kArns), test_name);

TEST(FeatureFlag, IsMissedByDatabasesThatNeedIt) {
  const auto problems = [](const std::string& flags) {
    return texts(load_text(flags + with_iam(kEndpoint), "rolegate.yaml", base::FixedEnvironment()).problems);
  };
  const std::string missed =
      "feature_flags.AWS_DATABASE_IAM_AUTH: is not true, so the database with aws_iam cannot be logged in "
      "to. Set it to true, or ROLEGATE_FEATURE_AWS_DATABASE_IAM_AUTH=true in the environment.";
  EXPECT_THAT(problems(""), testing::ElementsAre("rolegate.yaml: warning: " + missed));
  EXPECT_THAT(problems("feature_flags:\n  AWS_DATABASE_IAM_AUTH: false\n"),
              testing::ElementsAre("rolegate.yaml:2: warning: " + missed));
  EXPECT_THAT(problems("feature_flags: {AWS_DATABASE_IAM_AUTH: true}\n"), testing::IsEmpty());
}

}  // namespace
}  // namespace rolegate::config

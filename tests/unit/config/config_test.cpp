#include <gmock/gmock.h>

#include "config/read/load.hpp"
#include "unit/config/broken.hpp"

namespace rolegate::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Loaded load_with(const std::string& yaml, std::map<std::string, std::string, std::less<>> environment) {
  return load_text(yaml, "rolegate.yaml", base::FixedEnvironment(std::move(environment)));
}

/// The only database of a configuration without problems.
Database only(const std::string& yaml) {
  Loaded loaded = load_yaml(yaml);
  EXPECT_THAT(texts(loaded.problems), IsEmpty());
  if (loaded.config.databases.size() != 1) {
    ADD_FAILURE() << loaded.config.databases.size() << " databases";
    return {};
  }
  return std::move(loaded.config.databases[0]);
}

std::string with_json(const std::string& uri, const std::string& json) {
  std::string out =
      "databases:\n  - database_name: seed\n    sqlalchemy_uri: " + uri + "\n    encrypted_extra: |\n      ";
  for (const char c : json) {
    out += c;
    if (c == '\n') out += "      ";
  }
  return out + "\n";
}

// The three examples of the Superset documentation, as they stand.
constexpr const char* kAurora = R"({
  "aws_iam": {
    "enabled": true,
    "role_arn": "arn:aws:iam::222222222222:role/SupersetDatabaseAccess",
    "external_id": "superset-prod-12345",
    "region": "us-east-1",
    "db_username": "superset_iam_user",
    "session_duration": 3600
  }
})";
constexpr const char* kServerless = R"({
  "aws_iam": {
    "enabled": true,
    "role_arn": "arn:aws:iam::222222222222:role/SupersetRedshiftAccess",
    "region": "us-east-1",
    "workgroup_name": "my-workgroup",
    "db_name": "dev"
  }
})";
constexpr const char* kProvisioned = R"({
  "aws_iam": {
    "enabled": true,
    "role_arn": "arn:aws:iam::222222222222:role/SupersetRedshiftAccess",
    "region": "us-east-1",
    "cluster_identifier": "my-cluster",
    "db_username": "superset_iam_user",
    "db_name": "dev"
  }
})";

TEST(SupersetExample, AuroraWorksAsItStands) {
  for (const char* uri : {"postgresql://db.cluster-xyz.us-east-1.rds.amazonaws.com/app",
                          "mysql+mysqldb://w.global-c1.global.rds.amazonaws.com/app"}) {
    const Database database = only(with_json(uri, kAurora));
    ASSERT_TRUE(database.aws_iam);
    EXPECT_EQ(database.aws_iam->role_arn, "arn:aws:iam::222222222222:role/SupersetDatabaseAccess");
    EXPECT_EQ(database.aws_iam->external_id, "superset-prod-12345");
    EXPECT_EQ(database.aws_iam->region, "us-east-1");
    EXPECT_EQ(database.aws_iam->db_username, "superset_iam_user");
    EXPECT_EQ(database.aws_iam->session_duration, std::chrono::seconds(3600));
    EXPECT_EQ(database.kind(),
              database.uri.engine == Engine::mysql ? Kind::aurora_mysql : Kind::aurora_postgresql);
  }
}

TEST(SupersetExample, RedshiftServerlessWorksAsItStands) {
  const Database database = only(with_json("redshift+psycopg2://", kServerless));
  ASSERT_TRUE(database.aws_iam);
  EXPECT_EQ(database.kind(), Kind::redshift_serverless);
  EXPECT_EQ(database.aws_iam->workgroup_name, "my-workgroup");
  EXPECT_EQ(database.aws_iam->db_name, "dev");
  EXPECT_EQ(database.aws_iam->db_username, "");
}

TEST(SupersetExample, RedshiftProvisionedWorksAsItStands) {
  const Database database =
      only(with_json("redshift://my-cluster.abc.us-east-1.redshift.amazonaws.com:5439/dev", kProvisioned));
  ASSERT_TRUE(database.aws_iam);
  EXPECT_EQ(database.kind(), Kind::redshift_provisioned);
  EXPECT_EQ(database.aws_iam->cluster_identifier, "my-cluster");
  EXPECT_EQ(database.aws_iam->db_username, "superset_iam_user");
}

TEST(SupersetExample, WorksAsAMappingToo) {
  // JSON is YAML.
  std::string yaml = with_json("mysql://w.global-c1.global.rds.amazonaws.com", kAurora);
  yaml.replace(yaml.find("|\n"), 2, "\n");
  EXPECT_EQ(only(yaml).aws_iam->db_username, "superset_iam_user");
}

TEST(SupersetExport, IsReadWithItsOtherKeys) {
  const Database database = only(
      "databases:\n"
      "  - database_name: orders\n"
      "    sqlalchemy_uri: postgresql+psycopg2://w.global-c1.global.rds.amazonaws.com/app\n"
      "    cache_timeout: null\n"
      "    expose_in_sqllab: true\n"
      "    allow_run_async: false\n"
      "    allow_ctas: false\n"
      "    allow_cvas: false\n"
      "    allow_dml: false\n"
      "    allow_csv_upload: false\n"
      "    extra:\n      metadata_params: {}\n      engine_params: {}\n"
      "    impersonate_user: false\n"
      "    uuid: 7f2f0c3a-0000-4000-8000-000000000000\n"
      "    ssh_tunnel: null\n"
      "    masked_encrypted_extra: '{\"aws_iam\": {\"enabled\": true, \"region\": \"eu-west-1\", "
      "\"db_username\": \"u\"}}'\n"
      "    version: 1.0.0\n");
  EXPECT_EQ(database.kind(), Kind::aurora_postgresql);
}

TEST(Config, ReadsTheDesignsExample) {
  const Loaded loaded = load_yaml(
      "feature_flags:\n"
      "  AWS_DATABASE_IAM_AUTH: true        # default false\n"
      "databases:\n"
      "  - database_name: orders\n"
      "    sqlalchemy_uri: postgresql://orders.cluster-abc.eu-west-1.rds.amazonaws.com:5432/app\n"
      "    encrypted_extra:\n"
      "      aws_iam:\n"
      "        enabled: true\n"
      "        role_arn: arn:aws:iam::222222222222:role/SupersetDatabaseAccess\n"
      "        external_id: superset-prod-12345\n"
      "        region: eu-west-1\n"
      "        db_username: app_rw\n"
      "        session_duration: 3600\n");
  EXPECT_THAT(texts(loaded.problems), IsEmpty());
  EXPECT_TRUE(loaded.config.aws_database_iam_auth);
  ASSERT_EQ(loaded.config.databases.size(), 1u);
  EXPECT_EQ(loaded.config.databases[0].name, "orders");
  EXPECT_EQ(loaded.config.databases[0].line, 4);
  EXPECT_EQ(loaded.config.databases[0].file, "rolegate.yaml");
}

TEST(Config, TakesEveryOptionalFieldOfRedshift) {
  const Database database = only(with_block("redshift://",
                                            "enabled: true\nregion: us-gov-west-1\n"
                                            "role_arn: arn:aws-us-gov:iam::222222222222:role/path/to/Access\n"
                                            "role_session_name: me@example.com\ncluster_identifier: c\n"
                                            "db_username: u\ndb_name: dev\nauto_create: True\n"
                                            "db_groups: [readers, writers]\nduration_seconds: 1800"));
  ASSERT_TRUE(database.aws_iam);
  EXPECT_TRUE(database.aws_iam->auto_create);
  EXPECT_THAT(database.aws_iam->db_groups, ElementsAre("readers", "writers"));
  EXPECT_EQ(database.aws_iam->duration_seconds, std::chrono::seconds(1800));
  EXPECT_EQ(database.aws_iam->role_session_name, "me@example.com");
}

TEST(Config, TakesTheUrisDatabaseForRedshift) {
  const Database database =
      only(with_block("redshift://h/sales", "enabled: true\nregion: eu-west-1\nworkgroup_name: wg-1"));
  EXPECT_EQ(database.aws_iam->db_name, "sales");
}

TEST(Config, PrefersTheBlocksDatabaseForRedshift) {
  const Loaded loaded = load_yaml(with_block(
      "redshift://h/sales", "enabled: true\nregion: eu-west-1\nworkgroup_name: wg-1\ndb_name: dev"));
  EXPECT_FALSE(loaded.has_errors());
  EXPECT_EQ(loaded.problems.size(), 1u);
  EXPECT_EQ(loaded.config.databases.at(0).aws_iam->db_name, "dev");
}

TEST(Config, TakesRolesOfEveryPartition) {
  const std::pair<const char*, const char*> kRegions[] = {
      {"eu-west-1", "aws"},         {"cn-north-1", "aws-cn"},        {"us-gov-east-1", "aws-us-gov"},
      {"us-iso-east-1", "aws-iso"}, {"us-isob-east-1", "aws-iso-b"}, {"eusc-de-east-1", "aws-eusc"}};
  for (const auto& [region, partition] : kRegions) {
    const Database database = only(with_block(
        "mysql://w.global-c1.global.rds.amazonaws.com",
        fmt::format("enabled: true\nregion: {}\ndb_username: u\nrole_arn: arn:{}:iam::222222222222:role/x",
                    region, partition)));
    EXPECT_TRUE(database.aws_iam) << region;
  }
}

TEST(Config, UsesUserAndPasswordWithoutABlockOrWithADisabledOne) {
  const char* const kBlocks[] = {"",
                                 "    encrypted_extra:\n",
                                 "    encrypted_extra: ''\n",
                                 "    encrypted_extra: '{}'\n",
                                 "    encrypted_extra: {aws_iam: null}\n",
                                 "    encrypted_extra: {aws_iam: {enabled: false, region: not yet known}}\n"};
  for (const char* block : kBlocks) {
    const Database database =
        only(std::string("databases:\n  - database_name: a\n    sqlalchemy_uri: mysql://u:p@h\n") + block);
    EXPECT_FALSE(database.aws_iam);
    EXPECT_EQ(database.kind(), Kind::password);
    EXPECT_TRUE(database.uri.password.equals("p"));
  }
}

TEST(Config, KeepsTheGoodDatabasesBesideABrokenOne) {
  const Loaded loaded = load_yaml(
      "databases:\n"
      "  - database_name: good\n    sqlalchemy_uri: mysql://u:p@h\n"
      "  - database_name: bad\n    sqlalchemy_uri: mysql//u:p@h\n"
      "  - database_name: fine\n    sqlalchemy_uri: mysql://u:p@h\n");
  ASSERT_EQ(loaded.config.databases.size(), 2u);
  EXPECT_EQ(loaded.config.databases[0].name, "good");
  EXPECT_EQ(loaded.config.databases[1].name, "fine");
  EXPECT_THAT(loaded.config.broken, ElementsAre("bad"));
  EXPECT_TRUE(loaded.has_errors());
}

TEST(Config, TakesAnchorsAndAliases) {
  const Loaded loaded = load_yaml(
      "databases:\n"
      "  - database_name: a\n    sqlalchemy_uri: mysql://w.global-c1.global.rds.amazonaws.com/a\n    "
      "encrypted_extra: &iam\n"
      "      aws_iam: {enabled: true, region: eu-west-1, db_username: u}\n"
      "  - database_name: b\n    sqlalchemy_uri: mysql://w.global-c1.global.rds.amazonaws.com/b\n    "
      "encrypted_extra: *iam\n");
  EXPECT_THAT(texts(loaded.problems), IsEmpty());
  ASSERT_EQ(loaded.config.databases.size(), 2u);
  EXPECT_EQ(loaded.config.databases[1].aws_iam->db_username, "u");
}

TEST(Config, TakesAByteOrderMarkAndWindowsLineEnds) {
  EXPECT_EQ(only("\xEF\xBB\xBF"
                 "databases:\r\n  - database_name: a\r\n    sqlalchemy_uri: mysql://u:p@h\r\n")
                .name,
            "a");
}

TEST(FeatureFlag, IsOffByDefault) {
  EXPECT_FALSE(load_with("databases: []\n", {}).config.aws_database_iam_auth);
}

TEST(FeatureFlag, IsOverriddenByTheEnvironment) {
  const std::string on = "feature_flags: {AWS_DATABASE_IAM_AUTH: true}\ndatabases: []\n";
  const std::string off = "databases: []\n";
  const std::string name = "ROLEGATE_FEATURE_AWS_DATABASE_IAM_AUTH";
  for (const char* value : {"true", "TRUE", "True", "1"}) {
    EXPECT_TRUE(load_with(off, {{name, value}}).config.aws_database_iam_auth) << value;
  }
  for (const char* value : {"false", "FALSE", "0"}) {
    EXPECT_FALSE(load_with(on, {{name, value}}).config.aws_database_iam_auth) << value;
  }
  EXPECT_TRUE(load_with(on, {{name, ""}}).config.aws_database_iam_auth);
}

TEST(FeatureFlag, IsOffWhenTheOverrideIsNotUnderstood) {
  const Loaded loaded = load_with("feature_flags: {AWS_DATABASE_IAM_AUTH: true}\ndatabases: []\n",
                                  {{"ROLEGATE_FEATURE_AWS_DATABASE_IAM_AUTH", "yes"}});
  EXPECT_FALSE(loaded.config.aws_database_iam_auth);
  EXPECT_THAT(
      texts(loaded.problems),
      ElementsAre(
          "rolegate.yaml: ROLEGATE_FEATURE_AWS_DATABASE_IAM_AUTH: the environment variable is neither true "
          "nor false. Set it to true, false, 1 or 0, or unset it."));
}

TEST(FeatureFlag, ErrorSaysHowToSetIt) {
  Config config;
  config.file = "rolegate.yaml";
  const base::Error error = feature_disabled_error(config.iam_flag());
  EXPECT_EQ(error.code, "feature_disabled");
  EXPECT_EQ(error.text(),
            "AWS IAM database authentication is not enabled. Set the AWS_DATABASE_IAM_AUTH feature flag to "
            "true to enable "
            "this feature: 'feature_flags: {AWS_DATABASE_IAM_AUTH: true}' in rolegate.yaml, or "
            "ROLEGATE_FEATURE_AWS_DATABASE_IAM_AUTH=true in the environment.");
}

TEST(ConfigFind, GivesTheDatabase) {
  const Loaded loaded =
      load_yaml("databases:\n  - database_name: orders\n    sqlalchemy_uri: mysql://u:p@h\n");
  const auto found = loaded.config.find("orders");
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->name, "orders");
}

TEST(ConfigFind, NamesTheNearestAndAll) {
  const Loaded loaded = load_yaml(
      "databases:\n  - database_name: orders\n    sqlalchemy_uri: mysql://u:p@h\n"
      "  - database_name: sales\n    sqlalchemy_uri: mysql://u:p@h\n");
  const auto found = loaded.config.find("ordres");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, "database_not_found");
  EXPECT_EQ(found.error().text(),
            "There is no database 'ordres' in rolegate.yaml. Did you mean 'orders'? It has orders, sales.");
}

TEST(ConfigFind, TellsABrokenDatabaseFromAMissingOne) {
  const Loaded loaded = load_yaml("databases:\n  - database_name: orders\n    sqlalchemy_uri: x\n");
  const auto found = loaded.config.find("orders");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, "config_invalid");
  EXPECT_EQ(found.error().text(),
            "The configuration of database 'orders' in rolegate.yaml has errors. `rolegate config check` "
            "lists them.");
  EXPECT_EQ(loaded.config.find("x").error().hint, "It has no valid database.");
}

TEST(LoadedFind, ListsTheProblemsOfABrokenDatabase) {
  const Loaded loaded = load_yaml("databases:\n  - database_name: orders\n    sqlalchemy_uri: x\n    y: z\n");
  const auto found = loaded.find("orders");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, "config_invalid");
  EXPECT_THAT(found.error().message, HasSubstr("rolegate.yaml:3: database 'orders': sqlalchemy_uri: "));
  EXPECT_THAT(found.error().message, HasSubstr("rolegate.yaml:4: database 'orders': y: "));
}

}  // namespace
}  // namespace rolegate::config

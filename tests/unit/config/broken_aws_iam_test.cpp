#include <gmock/gmock.h>

#include "unit/config/broken.hpp"

namespace rolegate::config {
namespace {

using testing::ElementsAreArray;

class BrokenAwsIam : public testing::TestWithParam<Broken> {};

TEST_P(BrokenAwsIam, IsReportedInThisText) {
  const Loaded loaded = load_yaml(GetParam().given);
  EXPECT_THAT(short_texts(loaded.problems), ElementsAreArray(GetParam().expected));
  // A warning leaves the database usable, an error does not.
  EXPECT_EQ(loaded.config.databases.empty(), loaded.has_errors());
}

/// An Aurora block that is complete but for these lines.
std::string aurora(const std::string& lines) {
  return with_block("postgresql://w.global-c1.global.rds.amazonaws.com/app",
                    "enabled: true\nregion: eu-west-1\ndb_username: app_rw\n" + lines);
}
std::string arn(const std::string& value) { return aurora("role_arn: " + value); }
std::string role(const std::string& lines) {
  return aurora("role_arn: arn:aws:iam::222222222222:role/Access\n" + lines);
}
std::string in_region(const std::string& region, const std::string& more = {}) {
  return with_block("postgresql://w.global-c1.global.rds.amazonaws.com/app",
                    "enabled: true\ndb_username: app_rw\nregion: " + region + "\n" + more);
}

const std::string kBlock = "error: encrypted_extra.aws_iam";
const std::string kArn = kBlock + ".role_arn: ";
const std::string kForm = " Write it as arn:aws:iam::ACCOUNT:role/NAME.";

const Broken kArns[] = {
    {"NoArn", arn("SupersetDatabaseAccess"), {kArn + "is not an ARN." + kForm}},
    {"Empty", arn("''"), {kArn + "is empty. Give it a value, or leave the field out."}},
    {"Masked",
     arn("XXXXXXXXXX"),
     {kArn + "is masked: Superset's export does not hold the value. Write the value itself in its place."}},
    {"Partition",
     arn("arn:awss:iam::222222222222:role/Access"),
     {kArn + "names the partition 'awss', which does not exist. Did you mean 'aws'?"}},
    {"PartitionMissing",
     arn("arn:iam::222222222222:role/Access"),
     {kArn + "names the partition 'iam', which does not exist." + kForm}},
    {"Service", arn("arn:aws:s3:::bucket"), {kArn + "is an ARN of the service 's3', not of IAM." + kForm}},
    {"RoleSession",
     arn("arn:aws:sts::222222222222:assumed-role/Access/me"),
     {kArn + "is the ARN of a role's session. Write the role's own: arn:aws:iam::ACCOUNT:role/NAME."}},
    {"Region",
     arn("arn:aws:iam:eu-west-1:222222222222:role/Access"),
     {kArn + "holds a region, and roles have none." + kForm}},
    {"AccountMissing", arn("arn:aws:iam:::role/Access"), {kArn + "has no account." + kForm}},
    {"AccountShort",
     arn("arn:aws:iam::22222222222:role/Access"),
     {kArn + "has the account '22222222222'. An account is 12 digits, without hyphens."}},
    {"AccountWithHyphens",
     arn("arn:aws:iam::2222-2222-2222:role/Access"),
     {kArn + "has the account '2222-2222-2222'. An account is 12 digits, without hyphens."}},
    {"User",
     arn("arn:aws:iam::222222222222:user/me"),
     {kArn + "names a user, and only a role can be assumed." + kForm}},
    {"Root",
     arn("arn:aws:iam::222222222222:root"),
     {kArn + "names an account, and only a role can be assumed." + kForm}},
    {"Policy",
     arn("arn:aws:iam::aws:policy/ReadOnlyAccess"),
     {kArn + "has the account 'aws'. An account is 12 digits, without hyphens."}},
    {"InstanceProfile",
     arn("arn:aws:iam::222222222222:instance-profile/web"),
     {kArn + "names an instance profile, not the role in it." + kForm}},
    {"Nothing", arn("'arn:aws:iam::222222222222:'"), {kArn + "names something that is no role." + kForm}},
    {"NameMissing",
     arn("arn:aws:iam::222222222222:role/"),
     {kArn + "has no role name after 'role/'." + kForm}},
    {"NameMissingAfterPath",
     arn("arn:aws:iam::222222222222:role/service/"),
     {kArn + "has no role name after 'role/'." + kForm}},
    {"NameTooLong",
     arn("arn:aws:iam::222222222222:role/" + std::string(65, 'x')),
     {kArn + "has a role name of 65 characters. It may have 64."}},
    {"NameWithSpace",
     arn("'arn:aws:iam::222222222222:role/My Role'"),
     {kArn +
      "has a role name with a character that AWS does not take. Letters, digits and _+=,.@- may be in it."}},
    {"TooLong",
     arn("arn:aws:iam::222222222222:role/" + std::string(2030, 'p') + "/Access"),
     {kArn + "has 2068 characters. A role ARN has 20 to 2048."}},
    {"ChinasRegion",
     in_region("cn-north-1", "role_arn: arn:aws:iam::222222222222:role/Access"),
     {kArn + "is of the partition aws, and the region cn-north-1 is in aws-cn. Roles do not reach across "
             "partitions: "
             "correct the ARN or the region."}},
    {"ChinasArn",
     arn("arn:aws-cn:iam::222222222222:role/Access"),
     {kArn +
      "is of the partition aws-cn, and the region eu-west-1 is in aws. Roles do not reach across partitions: "
      "correct the ARN or the region."}},
    {"Number", arn("222222222222"), {kArn + "must be a string, not a whole number. Put it in quotes."}},
};
INSTANTIATE_TEST_SUITE_P(RoleArn, BrokenAwsIam, testing::ValuesIn(kArns), test_name);

const std::string kId = kBlock + ".external_id: ";
const std::string kSession = kBlock + ".role_session_name: ";
const std::string kDuration = kBlock + ".session_duration: ";

const Broken kRoleFields[] = {
    {"ExternalIdShort", role("external_id: x"), {kId + "has 1 character. It must have 2 to 1224."}},
    {"ExternalIdLong",
     role("external_id: " + std::string(1225, 'x')),
     {kId + "has 1225 characters. It must have 2 to 1224."}},
    {"ExternalIdCharacter",
     role("external_id: 'a b'"),
     {kId + "holds a character that AWS does not take. Letters, digits and _+=,.@:/- may be in it."}},
    {"ExternalIdNumber",
     role("external_id: 12345"),
     {kId + "must be a string, not a whole number. Put it in quotes."}},
    {"ExternalIdMasked",
     role("external_id: XXXXXXXXXX"),
     {kId + "is masked: Superset's export does not hold the value. Write the value itself in its place."}},
    {"ExternalIdAlone",
     aurora("external_id: superset-prod-12345"),
     {kId +
      "is set without role_arn. An external id goes with the role that is assumed: add role_arn, or remove "
      "external_id."}},
    {"SessionNameShort", role("role_session_name: x"), {kSession + "has 1 character. It must have 2 to 64."}},
    {"SessionNameColon",
     role("role_session_name: 'a:b'"),
     {kSession + "holds a character that AWS does not take. Letters, digits and _+=,.@- may be in it."}},
    {"SessionNameAlone",
     aurora("role_session_name: superset"),
     {"warning: encrypted_extra.aws_iam.role_session_name: has no effect without role_arn. Add role_arn, or "
      "remove it."}},
    {"DurationString",
     role("session_duration: '3600'"),
     {kDuration + "must be a whole number of seconds, not a string. Write the digits without quotes."}},
    {"DurationUnit",
     role("session_duration: 1h"),
     {kDuration + "must be a whole number of seconds, not a string. Write digits alone."}},
    {"DurationFraction",
     role("session_duration: 3600.0"),
     {kDuration + "must be a whole number of seconds, not a number with a fraction."}},
    {"DurationBoolean",
     role("session_duration: true"),
     {kDuration + "must be a whole number of seconds, not a boolean."}},
    {"DurationShort",
     role("session_duration: 899"),
     {kDuration + "must be from 900 to 43200 seconds, not 899."}},
    {"DurationLong",
     role("session_duration: 43201"),
     {kDuration + "must be from 900 to 43200 seconds, not 43201."}},
    {"DurationNegative",
     role("session_duration: -3600"),
     {kDuration + "must be from 900 to 43200 seconds, not -3600."}},
    {"DurationHuge",
     role("session_duration: 99999999999999999999"),
     {kDuration + "must be from 900 to 43200 seconds, not 99999999999999999999."}},
};
INSTANTIATE_TEST_SUITE_P(RoleFields, BrokenAwsIam, testing::ValuesIn(kRoleFields), test_name);

const std::string kRegion = kBlock + ".region: ";
const std::string kMissing = kBlock + ": AWS IAM configuration missing required fields: ";

const Broken kFields[] = {
    {"Region",
     in_region("europe"),
     {kRegion + "'europe' does not have the form of an AWS region. Write it as in eu-west-1."}},
    {"RegionName",
     in_region("EU (Ireland)"),
     {kRegion + "a text of 12 bytes does not have the form of an AWS region. Write it as in eu-west-1."}},
    {"RegionUpperCase",
     in_region("EU-WEST-1"),
     {kRegion + "'EU-WEST-1' does not have the form of an AWS region. Write it as in eu-west-1."}},
    {"RegionWithoutHyphen",
     in_region("eu-west1"),
     {kRegion + "'eu-west1' does not have the form of an AWS region. Write it as in eu-west-1."}},
    {"AvailabilityZone",
     in_region("eu-west-1a"),
     {kRegion + "'eu-west-1a' is an Availability Zone. Its region is eu-west-1."}},
    {"RegionOfTheHost",
     with_block("postgresql://orders.cluster-abc.eu-west-1.rds.amazonaws.com/app",
                "enabled: true\nregion: us-east-1\ndb_username: app_rw"),
     {"warning: encrypted_extra.aws_iam.region: is us-east-1, and the host's name says eu-west-1. The "
      "database refuses a "
      "login that was made for another region."}},
    {"RegionOfTheHostInChina",
     with_block("mysql://db.abc.cn-north-1.RDS.amazonaws.com.cn/app",
                "enabled: true\nregion: cn-northwest-1\ndb_username: app_rw"),
     {"warning: encrypted_extra.aws_iam.region: is cn-northwest-1, and the host's name says cn-north-1. The "
      "database "
      "refuses a login that was made for another region."}},
    {"RegionOfTheHostWithTheServiceFirst",
     with_block("mysql://db.abc.rds.cn-north-1.amazonaws.com.cn/app",
                "enabled: true\nregion: cn-northwest-1\ndb_username: app_rw"),
     {"warning: encrypted_extra.aws_iam.region: is cn-northwest-1, and the host's name says cn-north-1. The "
      "database "
      "refuses a login that was made for another region."}},
    {"RegionOfTheHostInTheSovereignCloud",
     with_block("postgresql://o.cluster-abc.eusc-de-east-1.rds.amazonaws.eu/app",
                "enabled: true\nregion: eu-central-1\ndb_username: app_rw"),
     {"warning: encrypted_extra.aws_iam.region: is eu-central-1, and the host's name says eusc-de-east-1. "
      "The "
      "database refuses a login that was made for another region."}},
    {"NoRegionInAGlobalHost",
     with_block("postgresql://o.global-abc.global.rds.amazonaws.com/app",
                "enabled: true\nregion: eu-central-1\ndb_username: app_rw"),
     {}},
    {"UserTooLong",
     with_block("mysql://w.global-c1.global.rds.amazonaws.com",
                "enabled: true\nregion: eu-west-1\ndb_username: " + std::string(33, 'u')),
     {kBlock + ".db_username: has 33 characters. It may have 32."}},
    {"UserTooLongPostgresql",
     with_block("postgresql://w.global-c1.global.rds.amazonaws.com",
                "enabled: true\nregion: eu-west-1\ndb_username: " + std::string(64, 'u')),
     {kBlock + ".db_username: has 64 characters. It may have 63."}},
    {"UserWithNul",
     with_block("mysql://w.global-c1.global.rds.amazonaws.com",
                "enabled: true\nregion: eu-west-1\ndb_username: \"a\\0b\""),
     {kBlock + ".db_username: holds a control character or a line break. Remove it."}},
    {"NothingButEnabled",
     with_block("mysql://w.global-c1.global.rds.amazonaws.com", "enabled: true"),
     {kMissing + "region, db_username. Add them."}},
    {"EmptyAndNull",
     with_block("mysql://w.global-c1.global.rds.amazonaws.com", "enabled: true\nregion: ''\ndb_username:"),
     {kMissing + "region, db_username. Add them."}},
    {"NoUser",
     with_block("mysql://w.global-c1.global.rds.amazonaws.com", "enabled: true\nregion: eu-west-1"),
     {kMissing + "db_username. Add it."}},
    {"UnknownField", aurora("regoin: x"), {kBlock + ".regoin: unknown field. Did you mean 'region'?"}},
    {"UnknownFieldFarFromAll",
     aurora("q: x"),
     {kBlock +
      ".q: unknown field. Known are enabled, role_arn, external_id, region, db_username, session_duration, "
      "workgroup_name, cluster_identifier, db_name, role_session_name, auto_create, db_groups and "
      "duration_seconds."}},
    {"Workgroup",
     aurora("workgroup_name: my-workgroup"),
     {kBlock +
      ".workgroup_name: is for Redshift, and the URI is postgresql://. Remove it, or write the URI as "
      "redshift://."}},
    {"Cluster",
     aurora("cluster_identifier: my-cluster"),
     {kBlock +
      ".cluster_identifier: is for Redshift, and the URI is postgresql://. Remove it, or write the URI as "
      "redshift://."}},
    {"AutoCreate",
     aurora("auto_create: false"),
     {kBlock + ".auto_create: is for Redshift, and the URI is postgresql://. Remove it, or write the URI as "
               "redshift://."}},
    {"DurationSeconds",
     aurora("duration_seconds: 900"),
     {kBlock +
      ".duration_seconds: is for Redshift, and the URI is postgresql://. Remove it, or write the URI as "
      "redshift://."}},
    {"DbName",
     aurora("db_name: app"),
     {"warning: encrypted_extra.aws_iam.db_name: is for Redshift and is not used. The database is the URI's: "
      "HOST:PORT/DATABASE."}},
    {"FieldTwice",
     aurora("region: eu-west-2"),
     {kBlock + ".region: is there twice; first at line 7. Keep one of the two."}},
    {"PasswordInTheUri",
     with_block("postgresql://u:hunter2@w.global-c1.global.rds.amazonaws.com",
                "enabled: true\nregion: eu-west-1\ndb_username: app_rw"),
     {"warning: sqlalchemy_uri: holds a password, which is not used: aws_iam is enabled. Remove it."}},
};
INSTANTIATE_TEST_SUITE_P(Fields, BrokenAwsIam, testing::ValuesIn(kFields), test_name);

/// A Redshift block with a region and these lines.
std::string redshift(const std::string& lines, const std::string& uri = "redshift:///") {
  return with_block(uri, "enabled: true\nregion: us-east-1\n" + lines);
}
std::string serverless(const std::string& lines) {
  return redshift("workgroup_name: wg-1\ndb_name: dev\n" + lines);
}
std::string provisioned(const std::string& lines) {
  return redshift("cluster_identifier: c-1\ndb_name: dev\ndb_username: u\n" + lines);
}
std::string workgroup(const std::string& name) { return redshift("db_name: dev\nworkgroup_name: " + name); }
std::string cluster(const std::string& name) {
  return redshift("db_name: dev\ndb_username: u\ncluster_identifier: " + name);
}

const std::string kWorkgroup = kBlock + ".workgroup_name: ";
const std::string kCluster = kBlock + ".cluster_identifier: ";
const std::string kNeither = kBlock +
                             ": AWS IAM configuration must include either workgroup_name (for Redshift "
                             "Serverless) or cluster_identifier "
                             "(for provisioned Redshift clusters).";

const Broken kRedshift[] = {
    {"Both",
     redshift("workgroup_name: wg-1\ncluster_identifier: c-1\ndb_name: dev"),
     {kCluster + "AWS IAM configuration cannot have both workgroup_name (Serverless) and cluster_identifier "
                 "(provisioned). Please specify only one."}},
    {"Neither", redshift("db_name: dev"), {kNeither}},
    {"NeitherAndNothingElse",
     with_block("redshift://h", "enabled: true"),
     {kNeither, kMissing + "region, db_name. Add them."}},
    {"ProvisionedMissingAll",
     with_block("redshift://h", "enabled: true\ncluster_identifier: c-1"),
     {kMissing + "region, db_name, db_username. Add them."}},
    {"ServerlessMissingDbName", redshift("workgroup_name: wg-1"), {kMissing + "db_name. Add it."}},
    {"WorkgroupShort", workgroup("ab"), {kWorkgroup + "has 2 characters. It must have 3 to 64."}},
    {"WorkgroupLong",
     workgroup(std::string(65, 'a')),
     {kWorkgroup + "has 65 characters. It must have 3 to 64."}},
    {"WorkgroupUpperCase",
     workgroup("MyGroup"),
     {kWorkgroup +
      "holds a character that AWS does not take. Lower-case letters, digits and hyphens may be in it."}},
    {"ClusterLong", cluster(std::string(64, 'a')), {kCluster + "has 64 characters. It must have 1 to 63."}},
    {"ClusterIsTheHost",
     cluster("c.abc.us-east-1.redshift.amazonaws.com"),
     {kCluster +
      "holds a character that AWS does not take. Lower-case letters, digits and hyphens may be in it; write "
      "the name, not the host or the ARN."}},
    {"ClusterBeginsWithDigit", cluster("1c"), {kCluster + "does not begin with a letter."}},
    {"ClusterEndsWithHyphen", cluster("c-"), {kCluster + "ends with a hyphen."}},
    {"ClusterTwoHyphens", cluster("a--b"), {kCluster + "holds two hyphens in a row."}},
    {"DbNamesDiffer",
     redshift("workgroup_name: wg-1\ndb_name: dev", "redshift://h/prod"),
     {"warning: encrypted_extra.aws_iam.db_name: differs from the URI's database; this one is used. Write "
      "the same in "
      "both places."}},
    {"UserOfServerless",
     serverless("db_username: u"),
     {"warning: encrypted_extra.aws_iam.db_username: is not used by Redshift Serverless, which makes the "
      "user from the "
      "IAM identity. Remove it."}},
    {"AutoCreateOfServerless",
     serverless("auto_create: true"),
     {kBlock + ".auto_create: is for provisioned Redshift, and workgroup_name makes this Redshift "
               "Serverless. Remove it."}},
    {"GroupsOfServerless",
     serverless("db_groups: [a]"),
     {kBlock + ".db_groups: is for provisioned Redshift, and workgroup_name makes this Redshift Serverless. "
               "Remove it."}},
    {"GroupInUpperCase",
     provisioned("db_groups: [readers, Writers]"),
     {kBlock + ".db_groups: holds 'Writers', which is not in lower case. Redshift takes the names of groups "
               "in lower case "
               "only."}},
    {"GroupIsANumber",
     provisioned("db_groups: [1]"),
     {kBlock + ".db_groups[0]: must be a string, not a whole number. Put it in quotes."}},
    {"GroupsIsAString",
     provisioned("db_groups: readers"),
     {kBlock + ".db_groups: must be a list, not a string."}},
    {"AutoCreateString",
     provisioned("auto_create: 'true'"),
     {kBlock + ".auto_create: must be true or false, not a string. Write true or false, without quotes."}},
    {"DurationLong",
     provisioned("duration_seconds: 3601"),
     {kBlock + ".duration_seconds: must be from 900 to 3600 seconds, not 3601."}},
    {"RegionOfTheHost",
     redshift("workgroup_name: wg-1\ndb_name: dev",
              "redshift://wg-1.222222222222.eu-west-1.redshift-serverless.amazonaws.com"),
     {"warning: encrypted_extra.aws_iam.region: is us-east-1, and the host's name says eu-west-1. The "
      "database refuses a "
      "login that was made for another region."}},
    {"RegionOfTheHostInChina",
     redshift("workgroup_name: wg-1\ndb_name: dev",
              "redshift://wg-1.222222222222.cn-north-1.redshift-serverless.amazonaws.com.cn"),
     {"warning: encrypted_extra.aws_iam.region: is us-east-1, and the host's name says cn-north-1. The "
      "database refuses a "
      "login that was made for another region."}},
};
INSTANTIATE_TEST_SUITE_P(Redshift, BrokenAwsIam, testing::ValuesIn(kRedshift), test_name);

}  // namespace
}  // namespace rolegate::config

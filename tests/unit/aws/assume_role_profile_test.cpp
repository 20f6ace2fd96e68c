#include "aws/credential_providers/assume_role_profile.hpp"

#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/credential_providers/environment_credentials.hpp"
#include "aws/credential_providers/profile_keys.hpp"
#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kKeys = "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n";

struct Fixture : testing::ProviderFixture {
  SharedFiles files{environment, clock, log};
  EnvironmentCredentials own{environment, clock};

  AssumeRoleProfile make(const std::string& profile, bool required = false, bool overrides = false) {
    return {api(),
            files,
            {profile, required, overrides},
            RoleSources{own, own, own, [this](const std::string& name) {
                          return std::make_unique<ProfileKeys>(files, name,
                                                               ProfileKeys::Where::credentials_file);
                        }}};
  }
  base::Result<RolePlan> plan(const std::string& profile) { return plan_role(**files.current(), profile); }
  std::string refusal(const std::string& profile) {
    const auto got = plan(profile);
    return got ? "none" : got.error().message;
  }
};

TEST(RolePlan, FollowsSourceProfiles) {
  Fixture f;
  f.credentials_file(kKeys);
  f.config_file(
      "[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = b\nexternal_id = e\nduration_seconds "
      "= 900\n"
      "[profile b]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = base\nrole_session_name = me\n");
  const auto plan = f.plan("a");
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->steps.size(), 2u);
  EXPECT_EQ(plan->steps[0].role_arn, "arn:aws:iam::1:role/a");
  EXPECT_EQ(plan->steps[0].external_id, "e");
  EXPECT_EQ(plan->steps[0].role_session_name, "rolegate");
  EXPECT_EQ(plan->steps[0].duration, std::chrono::seconds(900));
  EXPECT_EQ(plan->steps[1].role_session_name, "me");
  EXPECT_EQ(plan->steps[1].duration, std::chrono::seconds(3600));
  EXPECT_EQ(plan->source, RoleSource::profile);
  EXPECT_EQ(plan->source_profile, "base");
}

TEST(RolePlan, TakesNoSessionNameThatAwsDoesNot) {
  Fixture f;
  f.credentials_file(kKeys);
  for (const std::string& name : {std::string("a b"), std::string("x"), std::string(65, 'x')}) {
    f.config_file(
        "[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = base\nrole_session_name = " + name +
        "\n");
    EXPECT_THAT(f.refusal("a"),
                HasSubstr("config:4: profile 'a' has a role_session_name that AWS does not take"));
  }
}

TEST(AssumeRoleProfile, KnowsASectionThatLacksTheWordProfile) {
  Fixture f;
  f.config_file("[default]\nregion = x\n[prod]\nregion = eu-west-1\n");
  auto provider = f.make("prod", true);
  const auto got = f.get(provider);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, StartsWith("There is no profile 'prod' in"));
  EXPECT_THAT(got.error().hint, HasSubstr("config:3 has [prod]: write [profile prod] there."));
}

TEST(RolePlan, LetsAProfileAssumeItsRoleWithItsOwnKeys) {
  Fixture f;
  f.credentials_file("[a]\naws_access_key_id = AKIA\naws_secret_access_key = s\n");
  f.config_file("[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = a\n");
  const auto plan = f.plan("a");
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->steps.size(), 1u);
  EXPECT_EQ(plan->source_profile, "a");
}

TEST(RolePlan, PrefersTheKeysOfASourceProfileToItsRole) {
  Fixture f;
  f.credentials_file("[b]\naws_access_key_id = AKIA\naws_secret_access_key = s\n");
  f.config_file(
      "[profile a]\nrole_arn = arn:a\nsource_profile = b\n[profile b]\nrole_arn = arn:b\nsource_profile = "
      "c\n");
  const auto plan = f.plan("a");
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->steps.size(), 1u);
}

TEST(RolePlan, TakesTheThreeCredentialSources) {
  Fixture f;
  for (const auto& [name, source] :
       std::vector<std::pair<std::string, RoleSource>>{{"Environment", RoleSource::environment},
                                                       {"Ec2InstanceMetadata", RoleSource::instance_metadata},
                                                       {"EcsContainer", RoleSource::container}}) {
    f.config_file("[profile a]\nrole_arn = arn:a\ncredential_source = " + name + "\n");
    ASSERT_TRUE(f.plan("a"));
    EXPECT_EQ(f.plan("a")->source, source);
  }
}

TEST(RolePlan, SaysWhatIsWrongWithFileAndLine) {
  Fixture f;
  const std::string role = "[profile a]\nrole_arn = arn:a\n";
  const std::vector<std::pair<std::string, std::string>> all{
      {role, "config:2: profile 'a' has a role_arn, but neither"},
      {role + "source_profile = b\ncredential_source = Environment\n", "config:4: profile 'a' has both"},
      {role + "credential_source = environment\n",
       "config:3: profile 'a' has a credential_source that is not known"},
      {role + "source_profile = b\n",
       "config:3: profile 'a' names the source_profile 'b', which does not exist"},
      {role + "source_profile = a\n", "config:3: profile 'a' closes a loop: a -> a"},
      {role + "source_profile = b\n[profile b]\nrole_arn = arn:b\nsource_profile = c\n"
              "[profile c]\nrole_arn = arn:c\nsource_profile = a\n",
       "config:9: profile 'c' closes a loop: a -> b -> c -> a"},
      {role + "mfa_serial = arn:m\nsource_profile = b\n",
       "config:3: profile 'a' has an mfa_serial; MFA is not supported"},
      {role + "duration_seconds = 60\nsource_profile = b\n",
       "config:3: profile 'a' has a duration_seconds that"},
      {role + "duration_seconds = 1h\nsource_profile = b\n",
       "config:3: profile 'a' has a duration_seconds that"},
      {"[profile a]\nrole_arn = role/a\n", "config:2: profile 'a' has a role_arn that is no ARN"},
      {"[profile a]\nrole_arn =\n", "config:2: profile 'a' has a role_arn that is no ARN"},
  };
  for (const auto& [text, message] : all) {
    f.config_file(text);
    EXPECT_THAT(f.refusal("a"), HasSubstr(message)) << text;
  }
}

TEST(AssumeRoleProfile, AssumesOneRoleAfterTheOther) {
  Fixture f;
  f.credentials_file(kKeys);
  f.config_file(
      "[profile a]\nrole_arn = arn:aws:iam::2:role/a\nsource_profile = b\nexternal_id = e-1\nregion = "
      "eu-west-1\n"
      "[profile b]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = base\nregion = us-west-2\n");
  f.answer_assume_role("ASIAB");
  f.answer_assume_role("ASIAA");
  auto provider = f.make("a");
  const auto got = f.get(provider);
  ASSERT_TRUE(got) << got.error().text();
  ASSERT_TRUE(*got);
  EXPECT_EQ((*got)->access_key_id, "ASIAA");
  EXPECT_EQ((*got)->identity, "AKIABASE:arn:aws:iam::1:role/b:arn:aws:iam::2:role/a");
  EXPECT_EQ((*got)->provider, "profile 'a' (arn:aws:iam::2:role/a)");
  ASSERT_EQ(f.http.sent().size(), 2u);
  EXPECT_THAT(f.http.sent()[0].header("Authorization"), HasSubstr("Credential=AKIABASE/"));
  EXPECT_THAT(f.http.sent()[1].header("Authorization"), HasSubstr("Credential=ASIAB/"));
  EXPECT_THAT(f.http.sent()[1].body, HasSubstr("ExternalId=e-1"));
  EXPECT_THAT(f.http.sent()[1].url, StartsWith("https://sts.eu-west-1.amazonaws.com"));
  EXPECT_THAT(f.http.sent()[0].url, StartsWith("https://sts.eu-west-1.amazonaws.com"))
      << "the chosen profile's region";

  EXPECT_EQ(*f.get(provider), *got) << "kept";
  EXPECT_EQ(f.http.sent().size(), 2u);
}

TEST(AssumeRoleProfile, RenewsOnlyTheRoleThatIsDue) {
  Fixture f;
  f.credentials_file(kKeys);
  f.config_file(
      "[profile a]\nrole_arn = arn:a\nsource_profile = b\n[profile b]\nrole_arn = arn:b\nsource_profile = "
      "base\n");
  f.answer_assume_role("ASIAB", minutes(60));
  f.answer_assume_role("ASIAA", minutes(15));
  auto provider = f.make("a");
  ASSERT_TRUE(f.get(provider));
  f.clock.advance(minutes(11));
  f.answer_assume_role("ASIAA2", minutes(15));
  EXPECT_EQ((*f.get(provider))->access_key_id, "ASIAA2");
  EXPECT_EQ(f.http.sent().size(), 3u);
}

TEST(AssumeRoleProfile, AssumesAgainWhenTheSourceKeyIsRotated) {
  Fixture f;
  f.credentials_file(kKeys);
  f.config_file("[profile a]\nrole_arn = arn:a\nsource_profile = base\n");
  f.answer_assume_role("ASIA1");
  auto provider = f.make("a");
  ASSERT_TRUE(f.get(provider));
  f.credentials_file("[base]\naws_access_key_id = AKIANEW\naws_secret_access_key = s\n");
  f.answer_assume_role("ASIA2");
  EXPECT_EQ((*f.get(provider))->access_key_id, "ASIA2");
  EXPECT_THAT(f.http.sent().back().header("Authorization"), HasSubstr("Credential=AKIANEW/"));
}

TEST(AssumeRoleProfile, TakesTheKeysOfTheEnvironmentWhenToldTo) {
  Fixture f;
  f.environment.values["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  f.environment.values["AWS_SECRET_ACCESS_KEY"] = "s";
  f.config_file("[default]\nrole_arn = arn:aws-cn:iam::1:role/x\ncredential_source = Environment\n");
  f.answer_assume_role("ASIA1");
  auto provider = f.make("default");
  EXPECT_EQ((*f.get(provider))->access_key_id, "ASIA1");
  EXPECT_THAT(f.http.sent()[0].header("Authorization"), HasSubstr("Credential=AKIAENV/"));
  EXPECT_THAT(f.http.sent()[0].url, StartsWith("https://sts.cn-north-1.amazonaws.com.cn"));
}

TEST(AssumeRoleProfile, SaysWhyTheSourceHasNone) {
  Fixture f;
  f.config_file(
      "[profile a]\nrole_arn = arn:a\nsource_profile = b\n[profile b]\nregion = x\n[profile c]\n"
      "role_arn = arn:c\ncredential_source = Environment\n");
  auto a = f.make("a");
  const auto got = f.get(a);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "credentials_unavailable");
  EXPECT_THAT(got.error().message,
              HasSubstr("Profile 'a' takes the credentials for its role from profile 'b', which has none: "));
  auto c = f.make("c");
  EXPECT_THAT(f.get(c).error().message,
              HasSubstr("from environment variables, which has none: AWS_ACCESS_KEY_ID is not set"));
}

TEST(AssumeRoleProfile, StandsAsideWithoutARole) {
  Fixture f;
  f.credentials_file(kKeys);
  auto provider = f.make("base");
  EXPECT_EQ(*f.get(provider), nullptr);
  EXPECT_EQ(f.why_not, "profile 'base' has no role_arn");
  f.config_file("[profile base]\nrole_arn = arn:a\nweb_identity_token_file = /t\n");
  EXPECT_EQ(*f.get(provider), nullptr) << "that role is the web identity's";
}

TEST(AssumeRoleProfile, RefusesAProfileThatDoesNotExistButWasNamed) {
  Fixture f;
  f.credentials_file(kKeys);
  auto provider = f.make("bsae", true);
  const auto got = f.get(provider);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("There is no profile 'bsae' in "));
  EXPECT_EQ(got.error().hint, "Did you mean 'base'?");
}

TEST(AssumeRoleProfile, SaysWhoNamedTheMissingProfileAndWhichThereAre) {
  Fixture f;
  f.credentials_file(kKeys);
  auto by_variable = f.make("production", true);
  EXPECT_EQ(f.get(by_variable).error().hint, "AWS_DEFAULT_PROFILE or AWS_PROFILE names it. There are base.");
  auto by_program = f.make("production", true, true);
  EXPECT_EQ(f.get(by_program).error().hint, "There are base.");
}

TEST(AssumeRoleProfile, PassesOnWhatStsSays) {
  Fixture f;
  f.credentials_file(kKeys);
  f.config_file("[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = base\n");
  f.http.answer(403,
                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized</Message></Error>"
                "<RequestId>r-9</RequestId></ErrorResponse>");
  auto provider = f.make("a");
  const auto got = f.get(provider);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "assume_role_denied");
  ASSERT_TRUE(got.error().aws);
  EXPECT_EQ(got.error().aws->request_id, "r-9");
}

}  // namespace
}  // namespace rolegate::aws

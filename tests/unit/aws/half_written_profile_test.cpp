#include "aws/credential_providers/half_written_profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/chain.hpp"
#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using ::testing::HasSubstr;

struct Half {
  const char* name;
  const char* lines;
  const char* message;  ///< what the error says is there, and missing
};

const Half kHalves[] = {
    {"SourceProfile", "source_profile = base\n", "has source_profile, but not a role_arn"},
    {"CredentialSource", "credential_source = Ec2InstanceMetadata\n",
     "has credential_source, but not a role_arn"},
    {"Role", "role_arn = arn:aws:iam::1:role/a\n", "neither source_profile nor credential_source"},
    {"RoleWithAnEmptyToken", "role_arn = arn:aws:iam::1:role/a\nweb_identity_token_file =\n",
     "has role_arn, but not a source_profile, a credential_source or a web_identity_token_file"},
    {"Token", "web_identity_token_file = /token\n", "but no role to assume with it"},
    {"EmptyToken", "web_identity_token_file =\n", "has web_identity_token_file, but not"},
    {"ExternalId", "external_id = x\n", "has external_id, but not a role_arn"},
    {"SessionName", "role_session_name = me\n", "has role_session_name, but not a role_arn"},
    {"Mfa", "mfa_serial = arn:aws:iam::1:mfa/me\n", "has mfa_serial, but not a role_arn"},
    {"SsoSession", "sso_session = s\n", "has sso_session, but not an sso_account_id and an sso_role_name"},
    {"SsoStartUrl", "sso_start_url = https://x\n",
     "has sso_start_url, but not an sso_account_id and an sso_role_name"},
    {"SsoRegion", "sso_region = eu-west-1\n", "has sso_region, but not an sso_account_id"},
    {"SsoAccount", "sso_account_id = 1\n", "lacks sso_start_url, sso_region, sso_role_name"},
    {"Id", "aws_access_key_id = AKIA\n", "has an aws_access_key_id, but no aws_secret_access_key"},
    {"Secret", "aws_secret_access_key = s\n", "has aws_secret_access_key, but not an aws_access_key_id"},
    {"SessionToken", "aws_session_token = t\n", "has aws_session_token, but not an aws_access_key_id and"},
    {"IdThatIsNested", "aws_access_key_id =\n  a = b\n", "has aws_access_key_id, but not"},
    {"ProcessThatIsNested", "credential_process =\n  a = b\n", "has credential_process, but not"},
    {"LoginSession", "login_session = arn:aws:iam::1:user/me\n", "has a login_session"},
};

class HalfWritten : public ::testing::TestWithParam<Half> {
 protected:
  HalfWritten() {
    fixture_.home.write(".aws/config",
                        fmt::format("[sso-session s]\nsso_region = eu-west-1\n[profile base]\nregion = x\n"
                                    "[profile half]\nregion = eu-west-1\n{}",
                                    GetParam().lines));
    // The machine has a role.
    fixture_.http.answer(200, "token");
    fixture_.http.answer(200, "role");
    fixture_.http.answer(200, fixture_.metadata_json("ASIAMACHINE"));
  }
  void expect_refusal(const std::string& asked_for) {
    const auto chain = make_default_chain(fixture_.chain(), asked_for);
    const auto got = fixture_.get(*chain);
    ASSERT_FALSE(got) << "became " << (*got)->provider;
    EXPECT_EQ(got.error().code, "credentials_invalid");
    EXPECT_THAT(got.error().message, HasSubstr(GetParam().message));
    EXPECT_TRUE(fixture_.http.sent().empty());
  }

  testing::ProviderFixture fixture_;
};

TEST_P(HalfWritten, IsAnErrorWhenTheProgramWasAskedForIt) { expect_refusal("half"); }

TEST_P(HalfWritten, IsAnErrorWhenAVariableNamesIt) {
  for (const char* variable : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
    fixture_.environment.values = {{"HOME", fixture_.home.path()}, {variable, "half"}};
    expect_refusal({});
  }
}

TEST_P(HalfWritten, IsNoMachinesRoleAsTheSourceOfARole) {
  fixture_.home.write(".aws/credentials", "[top]\nrole_arn = arn:aws:iam::1:role/t\nsource_profile = half\n");
  const auto chain = make_default_chain(fixture_.chain(), "top");
  EXPECT_FALSE(fixture_.get(*chain));
  EXPECT_TRUE(fixture_.http.sent().empty());
}

INSTANTIATE_TEST_SUITE_P(Profile, HalfWritten, ::testing::ValuesIn(kHalves),
                         [](const auto& info) { return info.param.name; });

TEST(HalfWrittenProfile, SaysWhatToRunInPlaceOfALoginSession) {
  testing::ProviderFixture fixture;
  fixture.config_file("[default]\nlogin_session = arn:aws:iam::1:user/me\n");
  const auto got = fixture.get(*make_default_chain(fixture.chain()));
  ASSERT_FALSE(got) << "aws login writes the default profile, so that is no fall-through either";
  EXPECT_THAT(got.error().message, HasSubstr("config:2: profile 'default' has a login_session"));
  EXPECT_THAT(got.error().hint,
              HasSubstr("credential_process = aws configure export-credentials --profile default "
                        "--format process"));
}

TEST(HalfWrittenProfile, MayStandBesideAnotherWayToCredentials) {
  testing::ProviderFixture fixture;
  fixture.config_file(
      "[profile p]\naws_access_key_id = AKIA\naws_secret_access_key = s\nmfa_serial = x\nsso_session = s\n"
      "login_session = y\n");
  const auto got = fixture.get(*make_default_chain(fixture.chain(), "p"));
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ((*got)->access_key_id, "AKIA");
}

TEST(ChosenProfile, IsTheDefaultOneWhenTheVariableIsEmpty) {
  testing::ProviderFixture fixture;
  fixture.environment.values["AWS_PROFILE"] = "";
  const auto chosen = choose_profile(fixture.environment, {});
  EXPECT_EQ(chosen.name, "default");
  EXPECT_FALSE(chosen.required);
}

}  // namespace
}  // namespace rolegate::aws

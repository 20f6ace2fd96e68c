#include "aws/credential_providers/web_identity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;
using ::testing::Not;

struct Fixture : testing::ProviderFixture {
  SharedFiles files{environment, clock, log};
  WebIdentity provider{api(), files, "default", WebIdentity::Variables::read};
  WebIdentity profile_only{api(), files, "default", WebIdentity::Variables::ignore};

  Fixture() {
    environment.values["AWS_WEB_IDENTITY_TOKEN_FILE"] = home.write("token", "token-1\n");
    environment.values["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/pod";
    environment.values["AWS_ROLE_SESSION_NAME"] = "pod-7";
    environment.values["AWS_REGION"] = "eu-west-1";
  }
  void answer(std::string_view key) { answer_assume_role(key, minutes(60), "AssumeRoleWithWebIdentity"); }
};

TEST(WebIdentity, TakesTheTokenToSts) {
  Fixture f;
  f.answer("ASIA1");
  const auto got = f.get(f.provider);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ((*got)->access_key_id, "ASIA1");
  EXPECT_THAT((*got)->identity, HasSubstr("arn:aws:iam::1:role/pod"));
  const auto& sent = f.http.sent().at(0);
  EXPECT_THAT(sent.url, HasSubstr("sts.eu-west-1.amazonaws.com"));
  EXPECT_THAT(sent.body, HasSubstr("WebIdentityToken=token-1"));
  EXPECT_THAT(sent.body, Not(HasSubstr("token-1%0A")));
  EXPECT_THAT(sent.body, HasSubstr("RoleSessionName=pod-7"));
  EXPECT_EQ(sent.header("Authorization"), "") << "the token is the proof";
}

TEST(WebIdentity, ReadsTheTokenAgainAtEveryRenewal) {
  Fixture f;
  f.answer("ASIA1");
  ASSERT_TRUE(f.get(f.provider));
  f.home.write("token", "token-2");
  ASSERT_TRUE(f.get(f.provider));
  EXPECT_EQ(f.http.sent().size(), 1u);
  f.clock.advance(minutes(56));
  f.answer("ASIA2");
  EXPECT_EQ((*f.get(f.provider))->access_key_id, "ASIA2");
  EXPECT_THAT(f.http.sent().back().body, HasSubstr("WebIdentityToken=token-2"));
}

TEST(WebIdentity, LeavesTheVariablesWhenAProfileWasChosenByName) {
  Fixture f;
  EXPECT_EQ(*f.get(f.profile_only), nullptr);
  EXPECT_EQ(f.why_not, "profile 'default' has no web_identity_token_file");
  f.config_file("[default]\nweb_identity_token_file = " + f.home.path("token") +
                "\nrole_arn = arn:aws:iam::1:role/p\n");
  f.answer("ASIA1");
  EXPECT_EQ((*f.get(f.profile_only))->access_key_id, "ASIA1");
  EXPECT_THAT(f.http.sent()[0].body, HasSubstr("role%2Fp"));
  EXPECT_THAT(f.http.sent()[0].body, HasSubstr("RoleSessionName=rolegate"));
}

TEST(WebIdentity, TakesNoSessionNameThatAwsDoesNot) {
  for (const std::string& name : {std::string("a b"), std::string("x"), std::string(65, 'x')}) {
    Fixture f;
    f.environment.values["AWS_ROLE_SESSION_NAME"] = name;
    const auto got = f.get(f.provider);
    ASSERT_FALSE(got) << name;
    EXPECT_THAT(got.error().message, HasSubstr("AWS_ROLE_SESSION_NAME"));
    EXPECT_TRUE(f.http.sent().empty());
  }
}

TEST(WebIdentity, AsksAgainWhenStsCouldNotAskTheIdentityProvider) {
  Fixture f;
  f.http.answer(
      400,
      "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>Couldn't retrieve verification key "
      "from your identity provider</Message></Error></ErrorResponse>");
  f.answer("ASIA1");
  const auto got = f.get(f.provider);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(f.http.sent().size(), 2u);
}

TEST(WebIdentity, SaysWhatIsMissing) {
  Fixture f;
  f.environment.values.erase("AWS_ROLE_ARN");
  EXPECT_THAT(f.get(f.provider).error().message, HasSubstr("no role to assume"));
  f.environment.values["AWS_ROLE_ARN"] = "arn:x";
  f.environment.values["AWS_WEB_IDENTITY_TOKEN_FILE"] = f.home.path("gone");
  const auto gone = f.get(f.provider);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, "credentials_unavailable");
  EXPECT_THAT(gone.error().message, HasSubstr("gone"));
  f.environment.values["AWS_WEB_IDENTITY_TOKEN_FILE"] = f.home.write("empty", "\n");
  EXPECT_TRUE(f.get(f.provider).error().retryable) << "it may just be written";
  f.environment.values.erase("AWS_WEB_IDENTITY_TOKEN_FILE");
  EXPECT_EQ(*f.get(f.provider), nullptr);
}

}  // namespace
}  // namespace rolegate::aws

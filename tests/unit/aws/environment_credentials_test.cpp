#include "aws/credential_providers/environment_credentials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using ::testing::HasSubstr;

struct Fixture : testing::ProviderFixture {
  EnvironmentCredentials provider{environment, clock};
  Fixture() {
    environment.values["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE";
    environment.values["AWS_SECRET_ACCESS_KEY"] = "very-secret";
  }
};

TEST(EnvironmentCredentials, ReadsKeyAndSecret) {
  Fixture f;
  const auto got = f.get(f.provider);
  ASSERT_TRUE(got && *got);
  EXPECT_EQ((*got)->access_key_id, "AKIDEXAMPLE");
  EXPECT_TRUE((*got)->secret_access_key.equals("very-secret"));
  EXPECT_TRUE((*got)->session_token.empty());
  EXPECT_EQ((*got)->identity, "AKIDEXAMPLE");
  EXPECT_EQ((*got)->provider, "environment variables");
  EXPECT_FALSE((*got)->expires_at);
}

TEST(EnvironmentCredentials, SaysWhichVariableIsNotSet) {
  Fixture f;
  f.environment.values.erase("AWS_ACCESS_KEY_ID");
  const auto got = f.get(f.provider);
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, nullptr);
  EXPECT_EQ(f.why_not, "AWS_ACCESS_KEY_ID is not set");
}

TEST(EnvironmentCredentials, RefusesAKeyWithoutItsSecret) {
  Fixture f;
  f.environment.values.erase("AWS_SECRET_ACCESS_KEY");
  const auto got = f.get(f.provider);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "credentials_invalid");
}

TEST(EnvironmentCredentials, PrefersTheOldNameOfTheToken) {
  Fixture f;
  f.environment.values["AWS_SESSION_TOKEN"] = "new";
  EXPECT_TRUE((*f.get(f.provider))->session_token.equals("new"));
  f.environment.values["AWS_SECURITY_TOKEN"] = "old";
  EXPECT_TRUE((*f.get(f.provider))->session_token.equals("old"));
}

TEST(EnvironmentCredentials, GivesTheSameObjectWhileNothingChanges) {
  Fixture f;
  const auto first = *f.get(f.provider);
  EXPECT_EQ(*f.get(f.provider), first);
  f.environment.values["AWS_SECRET_ACCESS_KEY"] = "another";
  EXPECT_NE(*f.get(f.provider), first);
}

TEST(EnvironmentCredentials, ReadsTheExpiration) {
  Fixture f;
  f.environment.values["AWS_CREDENTIAL_EXPIRATION"] = f.in(std::chrono::minutes(1));
  const auto got = f.get(f.provider);
  ASSERT_TRUE(got && *got);
  EXPECT_EQ(*(*got)->expires_at, f.clock.now() + std::chrono::minutes(1));
  f.clock.advance(std::chrono::minutes(2));
  const auto later = f.get(f.provider);
  ASSERT_FALSE(later);
  EXPECT_EQ(later.error().code, "credentials_expired");
}

TEST(EnvironmentCredentials, RefusesAnExpirationThatIsNoTime) {
  Fixture f;
  f.environment.values["AWS_CREDENTIAL_EXPIRATION"] = "tomorrow";
  ASSERT_FALSE(f.get(f.provider));
}

TEST(EnvironmentCredentials, RefusesALineEndAndDoesNotTellTheSecret) {
  Fixture f;
  f.environment.values["AWS_SECRET_ACCESS_KEY"] = "very-secret\n";
  const auto got = f.get(f.provider);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("secret access key has a character"));
  EXPECT_THAT(got.error().text(), ::testing::Not(HasSubstr("very-secret")));
}

}  // namespace
}  // namespace rolegate::aws

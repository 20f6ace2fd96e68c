#include "aws/credential_providers/instance_metadata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;

struct Fixture : testing::ProviderFixture {
  InstanceMetadata provider{api()};

  void answer_all(std::string_view key, minutes lifetime = minutes(360)) {
    http.answer(200, "imds-token");
    http.answer(200, "SupersetInstanceRole");
    http.answer(200, metadata_json(key, lifetime));
  }
};

TEST(InstanceMetadata, AsksForTokenRoleAndCredentials) {
  Fixture f;
  f.answer_all("ASIA1");
  const auto got = f.get(f.provider);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ((*got)->access_key_id, "ASIA1");
  EXPECT_EQ((*got)->identity, "imds:SupersetInstanceRole");
  const auto& sent = f.http.sent();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent[0].method, "PUT");
  EXPECT_EQ(sent[0].url, "http://169.254.169.254/latest/api/token");
  EXPECT_EQ(sent[0].header("x-aws-ec2-metadata-token-ttl-seconds"), "60");
  EXPECT_EQ(sent[1].url, "http://169.254.169.254/latest/meta-data/iam/security-credentials/");
  EXPECT_EQ(sent[1].header("x-aws-ec2-metadata-token"), "imds-token");
  EXPECT_EQ(sent[2].url,
            "http://169.254.169.254/latest/meta-data/iam/security-credentials/SupersetInstanceRole");
  EXPECT_EQ(sent[2].header("x-aws-ec2-metadata-token"), "imds-token");
}

TEST(InstanceMetadata, RenewsBeforeTheEndAndSurvivesAnOutage) {
  Fixture f;
  f.answer_all("ASIA1", minutes(60));
  ASSERT_TRUE(f.get(f.provider));
  f.clock.advance(minutes(55));
  f.http.fail(ApiErrc::http_timeout, true);
  f.http.fail(ApiErrc::http_timeout, true);
  EXPECT_EQ((*f.get(f.provider))->access_key_id, "ASIA1") << "still valid";
  f.clock.advance(kEarlyRefreshPause);
  f.answer_all("ASIA2", minutes(360));
  EXPECT_EQ((*f.get(f.provider))->access_key_id, "ASIA2");
}

TEST(InstanceMetadata, GivesUpSoonWhereNothingAnswers) {
  Fixture f;
  f.http.fail(ApiErrc::http_timeout, true);
  f.http.fail(ApiErrc::http_timeout, true);
  const auto got = f.get(f.provider);
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, nullptr);
  EXPECT_THAT(f.why_not, HasSubstr("does not answer"));
  EXPECT_THAT(f.why_not, HasSubstr("hop limit"));
  EXPECT_EQ(f.http.sent().size(), 2u) << "two tries";
  EXPECT_TRUE(f.pauses.empty());
  f.http.answer(200, "too late");
  EXPECT_EQ(*f.get(f.provider), nullptr);
  EXPECT_EQ(f.http.sent().size(), 2u) << "the next caller does not wait as well";
}

TEST(InstanceMetadata, DoesNotFallBackToVersionOne) {
  for (const int status : {400, 403, 404, 405}) {
    Fixture f;
    f.http.answer(status, "no");
    const auto got = f.get(f.provider);
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, nullptr);
    EXPECT_EQ(f.http.sent().size(), 1u);
  }
}

TEST(InstanceMetadata, SaysThatNoRoleIsAttached) {
  Fixture f;
  f.http.answer(200, "imds-token");
  f.http.answer(404, "");
  EXPECT_EQ(*f.get(f.provider), nullptr);
  EXPECT_THAT(f.why_not, HasSubstr("no role is attached"));
}

TEST(InstanceMetadata, RefusesARoleNameThatIsNone) {
  for (const char* name : {"", "../../user-data", "a b", "a?b", "a%2fb"}) {
    Fixture f;
    f.http.answer(200, "imds-token");
    f.http.answer(200, name);
    ASSERT_FALSE(f.get(f.provider)) << name;
    EXPECT_EQ(f.http.sent().size(), 2u);
  }
}

TEST(InstanceMetadata, PassesOnWhatTheServiceSays) {
  Fixture f;
  f.http.answer(200, "imds-token");
  f.http.answer(200, "Role");
  f.http.answer(200,
                R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role Role."})");
  const auto got = f.get(f.provider);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("EC2 cannot assume the role"));
}

TEST(InstanceMetadata, IsRetryableWhenTheServiceIsBroken) {
  Fixture f;
  for (int i = 0; i < 2; ++i) f.http.answer(500, "");
  const auto got = f.get(f.provider);
  ASSERT_FALSE(got);
  EXPECT_TRUE(got.error().retryable);
}

TEST(InstanceMetadata, IsNotAskedWhenDisabled) {
  Fixture f;
  f.environment.values["AWS_EC2_METADATA_DISABLED"] = "true";
  EXPECT_EQ(*f.get(f.provider), nullptr);
  EXPECT_EQ(f.why_not, "AWS_EC2_METADATA_DISABLED is true");
  EXPECT_TRUE(f.http.sent().empty());
}

TEST(InstanceMetadata, AsksWhereTheVariablesSay) {
  Fixture f;
  f.environment.values["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6";
  (void)f.get(f.provider);
  EXPECT_EQ(f.http.sent().back().url, "http://[fd00:ec2::254]/latest/api/token");
  f.environment.values["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1338/";
  (void)f.get(f.provider);
  EXPECT_EQ(f.http.sent().back().url, "http://127.0.0.1:1338/latest/api/token");
  f.environment.values["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "127.0.0.1";
  EXPECT_EQ(f.get(f.provider).error().code, "credentials_invalid");
}

TEST(InstanceMetadata, RefusesATokenThatNoHeaderMayHave) {
  Fixture f;
  f.http.answer(200, "a\r\nX-Evil: 1");
  EXPECT_EQ(*f.get(f.provider), nullptr);
  EXPECT_EQ(f.http.sent().size(), 1u);
}

}  // namespace
}  // namespace rolegate::aws

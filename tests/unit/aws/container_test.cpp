#include "aws/credential_providers/container.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;
using ::testing::Not;

struct Fixture : testing::ProviderFixture {
  ContainerCredentials provider{api()};
};

TEST(ContainerCredentials, AsksEcs) {
  Fixture f;
  f.environment.values["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/4c8e-hush";
  f.environment.values["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://localhost/other";
  f.http.answer(200, f.metadata_json("ASIA1", minutes(60), R"(,"RoleArn":"arn:aws:iam::1:role/task")"));
  const auto got = f.get(f.provider);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ((*got)->access_key_id, "ASIA1");
  EXPECT_EQ((*got)->identity, "container:arn:aws:iam::1:role/task");
  EXPECT_EQ(f.http.sent()[0].url, "http://169.254.170.2/v2/credentials/4c8e-hush");
  EXPECT_EQ(f.http.sent()[0].header("Authorization"), "");
  EXPECT_EQ(*f.get(f.provider), *got) << "kept";
}

TEST(ContainerCredentials, AsksEksWithTheTokenOfTheFileReadEachTime) {
  Fixture f;
  f.environment.values["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://169.254.170.23/v1/credentials";
  f.environment.values["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = f.home.write("token", "one");
  f.environment.values["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "not this one";
  f.http.answer(200, f.metadata_json("ASIA1", minutes(60), R"(,"AccountId":"111111111111")"));
  const auto got = f.get(f.provider);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ((*got)->identity, "container:111111111111");
  EXPECT_EQ(f.http.sent()[0].header("Authorization"), "one");
  f.home.write("token", "two");
  f.clock.advance(minutes(56));
  f.http.answer(200, f.metadata_json("ASIA2"));
  EXPECT_EQ((*f.get(f.provider))->access_key_id, "ASIA2");
  EXPECT_EQ(f.http.sent()[1].header("Authorization"), "two");
}

TEST(ContainerCredentials, RefusesALineEndInTheToken) {
  Fixture f;
  f.environment.values["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/";
  f.environment.values["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "hush\r\nX-Evil: 1";
  const auto got = f.get(f.provider);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "credentials_invalid");
  EXPECT_THAT(got.error().text(), Not(HasSubstr("hush")));
  EXPECT_TRUE(f.http.sent().empty());
}

TEST(ContainerCredentials, SendsItsTokenNowhereElse) {
  for (const char* url :
       {"http://127.0.0.1/x", "http://127.1.2.3:8080/x", "http://localhost/x", "http://[::1]:80/x",
        "http://169.254.170.2/x", "http://169.254.170.23/x", "http://[fd00:ec2::23]/x",
        "http://[fd00:ec2:0::23]/x", "https://anything.example/x"}) {
    EXPECT_TRUE(container_url_allowed(url)) << url;
  }
  for (const char* url :
       {"http://10.0.0.1/x", "http://169.254.170.2.evil.example/x", "http://169.254.170.2@evil.example/x",
        "http://169.254.170.2\\@evil.example/x", "http://evil.example#@127.0.0.1/", "http://127.1/x",
        "http://localhost.evil.example/", "http://[fd00:ec2::24]/", "http://169.254.169.254/x",
        "ftp://127.0.0.1/x", "/relative", "", "http://", "http://127.0.0.1 /x", "http://0/x",
        "http://2130706433/x", "http://127.0.0.1\r\nHost: x/"}) {
    EXPECT_FALSE(container_url_allowed(url)) << url;
  }
  Fixture f;
  f.environment.values["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://10.0.0.1/x";
  EXPECT_EQ(f.get(f.provider).error().code, "credentials_invalid");
  f.environment.values["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "@evil.example/x";
  EXPECT_EQ(f.get(f.provider).error().code, "credentials_invalid");
  EXPECT_TRUE(f.http.sent().empty());
}

TEST(ContainerCredentials, TriesAgainWhenItIsBusy) {
  Fixture f;
  f.environment.values["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/x";
  f.http.answer(500, "busy");
  f.http.fail(ApiErrc::http_timeout, true);
  f.http.answer(200, f.metadata_json("ASIA1"));
  EXPECT_TRUE(f.get(f.provider));
  EXPECT_EQ(f.http.sent().size(), 3u);
}

TEST(ContainerCredentials, PassesOnARefusalWithoutThePath) {
  Fixture f;
  f.environment.values["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/hush";
  f.http.answer(404, "no such task");
  const auto got = f.get(f.provider);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("169.254.170.2 answered with HTTP status 404: no such task"));
  EXPECT_THAT(got.error().text(), Not(HasSubstr("hush")));
}

TEST(ContainerCredentials, StandsAsideOutsideOfContainers) {
  Fixture f;
  EXPECT_EQ(*f.get(f.provider), nullptr);
  EXPECT_THAT(f.why_not, HasSubstr("AWS_CONTAINER_CREDENTIALS_FULL_URI is set"));
}

}  // namespace
}  // namespace rolegate::aws

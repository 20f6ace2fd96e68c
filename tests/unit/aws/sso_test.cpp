#include "aws/credential_providers/sso.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/credential_providers/sso_token.hpp"
#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kOldForm =
    "[profile dev]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n"
    "sso_account_id = 111111111111\nsso_role_name = Admin Role\n";
constexpr std::string_view kSession =
    "[sso-session corp]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n"
    "[profile dev]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = Admin Role\n";

struct Fixture : testing::ProviderFixture {
  SharedFiles files{environment, clock, log};
  SsoCredentials provider{api(), files, "dev"};

  void token(std::string_view key, std::string_view expires, std::string_view access_token = "hush-token") {
    home.write(".aws/sso/cache/" + sso_cache_file_name(key),
               fmt::format(R"({{"accessToken":"{}","expiresAt":"{}","region":"eu-west-1"}})", access_token,
                           expires));
  }
  void answer(std::string_view key, minutes lifetime = minutes(60)) {
    http.answer(
        200,
        fmt::format(R"({{"roleCredentials":{{"accessKeyId":"{}","secretAccessKey":"s","sessionToken":"t",)"
                    R"("expiration":{}}}}})",
                    key, (clock.now() + lifetime).time_since_epoch().count()));
  }
};

TEST(SsoToken, IsNamedAsTheCliNamesIt) {
  // printf 'https://x.awsapps.com/start' | sha1sum; printf corp | sha1sum
  EXPECT_EQ(sso_cache_file_name("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d.json");
}

TEST(SsoToken, ReadsBothWaysTheCliHasWrittenTimes) {
  EXPECT_TRUE(parse_sso_token(R"({"accessToken":"t","expiresAt":"2026-01-02T03:04:05Z"})"));
  EXPECT_TRUE(parse_sso_token(R"({"accessToken":"t","expiresAt":"2020-06-17T05:14:41UTC"})"));
  EXPECT_FALSE(parse_sso_token(R"({"accessToken":"t"})"));
  EXPECT_FALSE(parse_sso_token(R"({"expiresAt":"2026-01-02T03:04:05Z"})"));
  EXPECT_FALSE(parse_sso_token(R"({"accessToken":"t","expiresA)"));
}

TEST(SsoCredentials, NameTheStartUrlWhenNobodyHasLoggedIn) {
  for (const auto config : {kOldForm, kSession}) {
    Fixture f;
    f.config_file(config);
    const auto got = f.get(f.provider);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().message, "Profile 'dev' has no cached SSO login at https://x.awsapps.com/start.");
    EXPECT_EQ(got.error().hint, "Log in with: aws sso login --profile dev");
  }
}

TEST(SsoCredentials, TakesTheCachedTokenToThePortal) {
  for (const auto& [config, key] : {std::pair{kOldForm, "https://x.awsapps.com/start"}, {kSession, "corp"}}) {
    Fixture f;
    f.config_file(config);
    f.token(key, f.in(hours(1)));
    f.answer("ASIA1");
    const auto got = f.get(f.provider);
    ASSERT_TRUE(got) << got.error().text();
    EXPECT_EQ((*got)->access_key_id, "ASIA1");
    EXPECT_EQ((*got)->identity, "sso:111111111111:Admin Role");
    EXPECT_EQ(*(*got)->expires_at, f.clock.now() + minutes(60));
    const auto& sent = f.http.sent().at(0);
    EXPECT_EQ(sent.method, "GET");
    EXPECT_EQ(sent.url,
              "https://portal.sso.eu-west-1.amazonaws.com/federation/"
              "credentials?role_name=Admin%20Role&account_id=111111111111");
    EXPECT_EQ(sent.header("x-amz-sso_bearer_token"), "hush-token");
  }
}

TEST(SsoCredentials, TellsHowToLogIn) {
  Fixture f;
  f.config_file(kSession);
  const auto none = f.get(f.provider);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, "credentials_expired");
  EXPECT_EQ(none.error().hint, "Log in with: aws sso login --profile dev");
  f.clock.advance(kFailurePause);
  f.token("corp", f.in(minutes(-1)));
  const auto expired = f.get(f.provider);
  ASSERT_FALSE(expired);
  EXPECT_THAT(expired.error().message, HasSubstr("The SSO login of profile 'dev' expired at 2026-"));
  EXPECT_EQ(expired.error().hint, "Log in with: aws sso login --profile dev");
  EXPECT_TRUE(f.http.sent().empty());

  f.clock.advance(kFailurePause);
  f.token("corp", f.in(hours(1)));
  f.answer("ASIA1");
  EXPECT_TRUE(f.get(f.provider)) << "after the login, without a restart";
}

TEST(SsoCredentials, TellsARefusedTokenFromARefusedRole) {
  Fixture f;
  f.config_file(kSession);
  f.token("corp", f.in(hours(1)));
  f.http.answer(401, R"({"message":"Session token not found or invalid"})",
                {{"x-amzn-ErrorType", "UnauthorizedException:http://x"}});
  const auto login = f.get(f.provider);
  ASSERT_FALSE(login);
  EXPECT_EQ(login.error().code, "credentials_expired");
  EXPECT_EQ(login.error().aws->code, "UnauthorizedException");
  f.clock.advance(kFailurePause);
  f.http.answer(403, R"({"message":"No access"})", {{"x-amzn-RequestId", "r-1"}});
  const auto role = f.get(f.provider);
  ASSERT_FALSE(role);
  EXPECT_EQ(role.error().code, "credentials_unavailable");
  EXPECT_THAT(role.error().message,
              HasSubstr("role 'Admin Role' in account 111111111111 (HTTP status 403): No access"));
  EXPECT_EQ(role.error().aws->request_id, "r-1");
  EXPECT_FALSE(role.error().retryable);
}

TEST(SsoCredentials, TriesAgainWhenThePortalIsBusy) {
  Fixture f;
  f.config_file(kSession);
  f.token("corp", f.in(hours(1)));
  f.http.answer(429, "{}");
  f.http.answer(503, "busy");
  f.answer("ASIA1");
  EXPECT_TRUE(f.get(f.provider));
  EXPECT_EQ(f.pauses.size(), 2u);
}

TEST(SsoCredentials, RefusesAnswersThatAreNone) {
  for (
      const char* body :
      {"", "[]", "{}", R"({"roleCredentials":{}})",
       R"({"roleCredentials":{"accessKeyId":"hush","secretAccessKey":"s","sessionToken":"t"}})",
       R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"s","sessionToken":"t","expiration":9e99}})",
       R"({"roleCredentials":{"accessKeyId":"A","secretAccessKey":"s","sessionToken":"t","expiration":-1}})"}) {
    Fixture f;
    f.config_file(kSession);
    f.token("corp", f.in(hours(1)));
    f.http.answer(200, body);
    const auto got = f.get(f.provider);
    ASSERT_FALSE(got) << body;
    EXPECT_EQ(got.error().code, "credentials_invalid");
    EXPECT_THAT(got.error().text(), Not(HasSubstr("hush")));
  }
}

TEST(SsoCredentials, SaysWhatIsWrongInTheProfile) {
  Fixture f;
  const std::vector<std::pair<std::string, std::string>> all{
      {"[profile dev]\nsso_account_id = 1\n",
       "config:2: profile 'dev' lacks sso_start_url, sso_region, sso_role_name for SSO"},
      {"[profile dev]\nsso_account_id = 1\nsso_role_name = r\nsso_session = x\n",
       "config:4: profile 'dev' refers to the sso-session 'x', which does not exist"},
      {std::string(kSession) + "sso_region = us-east-1\n",
       "config:8: profile 'dev' contradicts its sso-session 'corp' in sso_region"},
  };
  for (const auto& [text, message] : all) {
    f.config_file(text);
    const auto got = f.get(f.provider);
    ASSERT_FALSE(got) << text;
    EXPECT_THAT(got.error().message, HasSubstr(message));
  }
  f.config_file("[profile dev]\nsso_session = x\n");
  EXPECT_EQ(*f.get(f.provider), nullptr) << "a session alone gives tokens, no credentials";
}

}  // namespace
}  // namespace rolegate::aws

#include "aws/sts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/curl_http.hpp"
#include "unit/aws/api_fixture.hpp"
#include "unit/aws/http_imposter.hpp"

namespace rolegate::aws {
namespace {

using testing::ApiFixture;
using testing::example_credentials;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view kRole = "arn:aws:iam::222222222222:role/SupersetDatabaseAccess";

std::string session_answer(std::string_view operation) {
  return fmt::format(R"(<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <{0}Result>
    <AssumedRoleUser><Arn>arn:aws:sts::222222222222:assumed-role/SupersetDatabaseAccess/rolegate</Arn></AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAROLE</AccessKeyId>
      <SecretAccessKey>role/secret+key</SecretAccessKey>
      <SessionToken>role==token</SessionToken>
      <Expiration>2026-01-02T04:04:05Z</Expiration>
    </Credentials>
  </{0}Result>
  <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>
</{0}Response>)",
                     operation);
}

std::string error_answer(std::string_view code, std::string_view message) {
  return fmt::format(
      R"(<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{}</Code>)"
      R"(<Message>{}</Message></Error><RequestId>r-9</RequestId></ErrorResponse>)",
      code, message);
}

AssumeRoleRequest role_request(std::string external_id = {}) {
  return {.role_arn = std::string(kRole),
          .role_session_name = "rolegate",
          .external_id = std::move(external_id),
          .duration = std::chrono::seconds(3600),
          .region = "eu-west-1"};
}

class Sts : public ::testing::Test {
 protected:
  ApiFixture fixture_;
  StsClient sts_{fixture_.context()};
  Credentials base_ = example_credentials("base-token");

  base::Error refused(int status, std::string_view code, std::string_view message,
                      std::string external_id = {}, HttpHeaders headers = {}) {
    fixture_.http.answer(status, error_answer(code, message), std::move(headers));
    const auto result = sts_.assume_role(role_request(std::move(external_id)), base_, fixture_.deadline);
    return result ? base::Error{} : result.error();
  }
};

TEST_F(Sts, AssumesARole) {
  fixture_.http.answer(200, session_answer("AssumeRole"));
  const auto result = sts_.assume_role(role_request("superset prod/1"), base_, fixture_.deadline);
  ASSERT_TRUE(result) << result.error().text();
  const Credentials& credentials = **result;
  EXPECT_EQ(credentials.access_key_id, "ASIAROLE");
  EXPECT_EQ(credentials.secret_access_key.reveal(), "role/secret+key");
  EXPECT_EQ(credentials.session_token.reveal(), "role==token");
  EXPECT_EQ(credentials.expires_at, base::parse_iso8601("2026-01-02T04:04:05Z"));
  EXPECT_EQ(credentials.identity, "arn:aws:iam::111111111111:role/App:" + std::string(kRole));
  EXPECT_EQ(credentials.request_id, "r-1");

  const auto& sent = fixture_.http.sent().at(0);
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.url, "https://sts.eu-west-1.amazonaws.com/");
  EXPECT_EQ(sent.body,
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A222222222222%3Arole%"
            "2FSupersetDatabaseAccess"
            "&RoleSessionName=rolegate&DurationSeconds=3600&ExternalId=superset%20prod%2F1");
  EXPECT_EQ(sent.header("Content-Type"), "application/x-www-form-urlencoded; charset=utf-8");
  EXPECT_EQ(sent.header("X-Amz-Security-Token"), "base-token");
  EXPECT_THAT(sent.header("Authorization"),
              HasSubstr("Credential=AKIDEXAMPLE/20260102/eu-west-1/sts/aws4_request"));
}

TEST_F(Sts, SendsNoExternalIdWhenNoneIsConfigured) {
  fixture_.http.answer(200, session_answer("AssumeRole"));
  ASSERT_TRUE(sts_.assume_role(role_request(), base_, fixture_.deadline));
  EXPECT_THAT(fixture_.http.sent().at(0).body, Not(HasSubstr("ExternalId")));
}

TEST_F(Sts, AssumesARoleWithWebIdentityUnsigned) {
  fixture_.http.answer(200, session_answer("AssumeRoleWithWebIdentity"));
  const auto result = sts_.assume_role_with_web_identity(
      {.role_arn = std::string(kRole), .role_session_name = "pod", .region = "eu-west-1", .token = "ey.J.x"},
      fixture_.deadline);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ((*result)->access_key_id, "ASIAROLE");
  const auto& sent = fixture_.http.sent().at(0);
  EXPECT_EQ(sent.header("Authorization"), "");
  EXPECT_THAT(sent.body, HasSubstr("Action=AssumeRoleWithWebIdentity&"));
  EXPECT_THAT(sent.body, HasSubstr("&WebIdentityToken=ey.J.x"));
}

TEST_F(Sts, SaysWhoTheCallerIs) {
  fixture_.http.answer(200, R"(<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
    <GetCallerIdentityResult><Arn>arn:aws:iam::1:user/a</Arn><UserId>AIDA</UserId><Account>1</Account></GetCallerIdentityResult>
    <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>)");
  const auto result = sts_.get_caller_identity("us-gov-west-1", base_, fixture_.deadline);
  ASSERT_TRUE(result) << result.error().text();
  EXPECT_EQ(result->arn, "arn:aws:iam::1:user/a");
  EXPECT_EQ(result->account, "1");
  EXPECT_EQ(result->user_id, "AIDA");
  EXPECT_EQ(fixture_.http.sent().at(0).url, "https://sts.us-gov-west-1.amazonaws.com/");
}

TEST_F(Sts, ExplainsARoleThatIsDenied) {
  const auto error =
      refused(403, "AccessDenied",
              "User: arn:aws:sts::111111111111:assumed-role/App/i-0123 is not authorized to perform: "
              "sts:AssumeRole on resource: y",
              "wrong");
  EXPECT_EQ(error.code, "assume_role_denied");
  EXPECT_EQ(error.hint,
            "The trust policy of arn:aws:iam::222222222222:role/SupersetDatabaseAccess must allow "
            "arn:aws:iam::111111111111:role/App; if it has an sts:ExternalId condition, it must equal the "
            "configured "
            "external_id. arn:aws:iam::111111111111:role/App also needs sts:AssumeRole on "
            "arn:aws:iam::222222222222:role/SupersetDatabaseAccess in a policy of its own.");
  ASSERT_TRUE(error.aws);
  EXPECT_EQ(error.aws->code, "AccessDenied");
  EXPECT_EQ(error.aws->request_id, "r-9");
  EXPECT_EQ(error.aws->http_status, 403);
  EXPECT_EQ(error.aws->service, "sts");
  EXPECT_EQ(error.aws->operation, "AssumeRole");
  EXPECT_FALSE(error.retryable);
  EXPECT_EQ(fixture_.http.sent().size(), 1u);
}

TEST_F(Sts, SaysWhenNoExternalIdWasSent) {
  EXPECT_THAT(refused(403, "AccessDenied", "no").hint,
              HasSubstr("external_id (none is configured, so none was sent)."));
}

TEST_F(Sts, NamesTheLimitOfRoleChaining) {
  const auto error = refused(
      400, "ValidationError",
      "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
  EXPECT_EQ(error.code, "role_chaining_limit");
  EXPECT_THAT(error.hint, HasSubstr("session_duration to 3600 or less"));
}

TEST_F(Sts, SaysByHowMuchTheClockIsWrong) {
  const auto behind = refused(403, "SignatureDoesNotMatch", "Signature expired", {},
                              {{"Date", "Fri, 02 Jan 2026 03:21:08 GMT"}});
  EXPECT_EQ(behind.code, "signature_mismatch");
  EXPECT_THAT(behind.hint, HasSubstr("This machine's clock is 17 min 3 s behind AWS's"));
  const auto right =
      refused(403, "SignatureDoesNotMatch", "no", {}, {{"Date", "Fri, 02 Jan 2026 03:04:06 GMT"}});
  EXPECT_THAT(right.hint, HasSubstr("secret access key does not belong"));
}

TEST_F(Sts, RetriesThrottlingAndFaultsOfAws) {
  fixture_.http.answer(400, error_answer("Throttling", "Rate exceeded"));
  fixture_.http.answer(503, "<html>busy</html>");
  fixture_.http.answer(200, session_answer("AssumeRole"));
  EXPECT_TRUE(sts_.assume_role(role_request(), base_, fixture_.deadline));
  EXPECT_EQ(fixture_.http.sent().size(), 3u);
  EXPECT_EQ(fixture_.pauses, (std::vector{std::chrono::milliseconds(50), std::chrono::milliseconds(100)}));
}

TEST_F(Sts, RetriesConnectionFailuresUpToTheLimit) {
  for (int i = 0; i < 3; ++i) fixture_.http.fail(ApiErrc::http_connect, true);
  const auto result = sts_.assume_role(role_request(), base_, fixture_.deadline);
  EXPECT_EQ(result.error().code, "http_connect");
  EXPECT_EQ(fixture_.http.sent().size(), 3u);
}

TEST_F(Sts, DoesNotRetryWhatAnotherTryCannotMend) {
  fixture_.http.fail(ApiErrc::http_tls, false);
  EXPECT_EQ(sts_.assume_role(role_request(), base_, fixture_.deadline).error().code, "http_tls");
  EXPECT_EQ(fixture_.http.sent().size(), 1u);
  EXPECT_THAT(fixture_.pauses, IsEmpty());
}

TEST_F(Sts, PutsNoSecretIntoErrors) {
  base_.secret_access_key = base::Secret(std::string_view("canary-secret"));
  base_.session_token = base::Secret(std::string_view("canary-token"));
  for (const char* code : {"AccessDenied", "ExpiredToken", "SignatureDoesNotMatch", "Strange"}) {
    EXPECT_THAT(refused(403, code, "no").text(), Not(HasSubstr("canary")));
  }
  fixture_.http.answer(200,
                       "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>A</AccessKeyId>"
                       "<SecretAccessKey>canary-answer</SecretAccessKey></Credentials></AssumeRoleResult></"
                       "AssumeRoleResponse>");
  EXPECT_THAT(sts_.assume_role(role_request(), base_, fixture_.deadline).error().text(),
              Not(HasSubstr("canary")));
}

TEST(StsOverHttp, AsksTheConfiguredEndpoint) {
  testing::HttpImposter imposter;
  imposter.when_action("AssumeRole").reply(503, "busy").reply(200, session_answer("AssumeRole"));
  ApiFixture fixture;
  const base::FixedEnvironment environment({{"AWS_ENDPOINT_URL_STS", imposter.url()}});
  const auto http = make_curl_http(environment);
  const auto fake = fixture.context();
  StsClient sts({environment, fixture.clock, *http, fixture.log, fake.retry});
  const auto result =
      sts.assume_role(role_request(), example_credentials(), base::Deadline::in(std::chrono::seconds(30)));
  ASSERT_TRUE(result) << result.error().text();
  const auto calls = imposter.calls();
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[1].header("Host"), fmt::format("127.0.0.1:{}", imposter.port()));
}

}  // namespace
}  // namespace rolegate::aws

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/redshift.hpp"
#include "unit/aws/api_fixture.hpp"

namespace rolegate::aws {
namespace {

using testing::ApiFixture;
using testing::example_credentials;
using ::testing::HasSubstr;

class RedshiftServerless : public ::testing::Test {
 protected:
  ApiFixture fixture_;
  RedshiftServerlessClient serverless_{fixture_.context()};
  Credentials credentials_ = example_credentials("token");

  base::Result<TemporaryUser> get_credentials() {
    return serverless_.get_credentials(
        {.region = "eu-west-1", .workgroup_name = "my-workgroup", .db_name = "dev", .duration = {}},
        credentials_, fixture_.deadline);
  }
};

TEST_F(RedshiftServerless, GetsCredentials) {
  fixture_.http.answer(
      200,
      R"({"dbPassword":"p\u0041\"ss","dbUser":"IAMR:Role","expiration":1767323945.5,"nextRefreshTime":1.7673235E9})",
      {{"x-amzn-RequestId", "r-1"}});
  const auto user = serverless_.get_credentials({.region = "eu-west-1",
                                                 .workgroup_name = "my-workgroup",
                                                 .db_name = "dev",
                                                 .duration = std::chrono::seconds(900)},
                                                credentials_, fixture_.deadline);
  ASSERT_TRUE(user) << user.error().text();
  EXPECT_EQ(user->user, "IAMR:Role");
  EXPECT_EQ(user->password.reveal(), "pA\"ss");
  EXPECT_EQ(user->expires_at, *base::parse_iso8601("2026-01-02T03:19:05.500Z"));
  EXPECT_EQ(user->request_id, "r-1");
  const auto& sent = fixture_.http.sent().at(0);
  EXPECT_EQ(sent.url, "https://redshift-serverless.eu-west-1.amazonaws.com/");
  EXPECT_EQ(sent.header("X-Amz-Target"), "RedshiftServerless.GetCredentials");
  EXPECT_EQ(sent.header("Content-Type"), "application/x-amz-json-1.1");
  EXPECT_EQ(sent.body, R"({"workgroupName":"my-workgroup","dbName":"dev","durationSeconds":900})");
  EXPECT_THAT(sent.header("Authorization"), HasSubstr("/eu-west-1/redshift-serverless/aws4_request"));
  EXPECT_THAT(sent.header("Authorization"),
              HasSubstr("content-type;host;x-amz-date;x-amz-security-token;x-amz-target"));
}

TEST_F(RedshiftServerless, TakesTheExpirationAsAStringToo) {
  fixture_.http.answer(200, R"({"dbPassword":"p","dbUser":"IAM:u","expiration":"2026-01-02T03:19:05Z"})");
  EXPECT_EQ(get_credentials()->expires_at, *base::parse_iso8601("2026-01-02T03:19:05Z"));
}

TEST_F(RedshiftServerless, FindsTheEndpoint) {
  fixture_.http.answer(
      200,
      R"({"workgroup":{"workgroupName":"my-workgroup","status":"AVAILABLE","subnetIds":["a","a"],"endpoint":{
    "address":"my-workgroup.1.eu-west-1.redshift-serverless.amazonaws.com","port":5439,
    "vpcEndpoints":[{"vpcEndpointId":"x","networkInterfaces":[{"privateIpAddress":"10.0.0.1"},{"privateIpAddress":"10.0.0.2"}]}]}}})");
  const auto endpoint = serverless_.endpoint("eu-west-1", "my-workgroup", credentials_, fixture_.deadline);
  ASSERT_TRUE(endpoint) << endpoint.error().text();
  EXPECT_EQ(endpoint->host, "my-workgroup.1.eu-west-1.redshift-serverless.amazonaws.com");
  EXPECT_EQ(endpoint->port, 5439);
  EXPECT_EQ(fixture_.http.sent().at(0).header("X-Amz-Target"), "RedshiftServerless.GetWorkgroup");
  EXPECT_EQ(fixture_.http.sent().at(0).body, R"({"workgroupName":"my-workgroup"})");
}

TEST_F(RedshiftServerless, SaysThatAWorkgroupHasNoEndpointYet) {
  for (const char* answer : {R"({"workgroup":{"status":"CREATING"}})",
                             R"({"workgroup":{"status":"CREATING","endpoint":{"address":null}}})"}) {
    fixture_.http.answer(200, answer);
    const auto result = serverless_.endpoint("eu-west-1", "my-workgroup", credentials_, fixture_.deadline);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, "endpoint_not_ready");
    EXPECT_EQ(result.error().message,
              "Redshift Serverless workgroup 'my-workgroup' has no endpoint: its status is 'CREATING'.");
  }
}

TEST_F(RedshiftServerless, ReadsErrorsWithAndWithoutNamespace) {
  for (const char* body :
       {R"({"__type":"ResourceNotFoundException","message":"gone"})",
        R"({"__type":"com.amazonaws.redshiftserverless#ResourceNotFoundException","message":"gone"})",
        R"({"__type":"x#ResourceNotFoundException:http://internal/","Message":"gone"})",
        R"({"code":"ResourceNotFoundException","message":"gone"})"}) {
    fixture_.http.answer(400, body, {{"x-amzn-requestid", "r-7"}});
    const auto error = get_credentials().error();
    EXPECT_EQ(error.code, "workgroup_not_found") << body;
    EXPECT_EQ(error.aws->code, "ResourceNotFoundException") << body;
    EXPECT_EQ(error.aws->message, "gone") << body;
    EXPECT_EQ(error.aws->request_id, "r-7") << body;
  }
  fixture_.http.answer(400, R"({"message":"gone"})",
                       {{"X-Amzn-ErrorType", "ResourceNotFoundException:http://internal/"}});
  EXPECT_EQ(get_credentials().error().code, "workgroup_not_found");
}

TEST_F(RedshiftServerless, RetriesThrottling) {
  fixture_.http.answer(400, R"({"__type":"ThrottlingException","message":"Rate exceeded"})");
  fixture_.http.answer(200, R"({"dbPassword":"p","dbUser":"IAM:u","expiration":1767323945})");
  EXPECT_TRUE(get_credentials());
  EXPECT_EQ(fixture_.http.sent().size(), 2u);
}

}  // namespace
}  // namespace rolegate::aws

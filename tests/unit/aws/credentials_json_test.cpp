#include "aws/credential_providers/credentials_json.hpp"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/iso8601.hpp"

namespace rolegate::aws {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Broken {
  const char* text;
  const char* message;
};

TEST(ProcessOutput, ReadsCredentials) {
  const auto got = parse_process_output(
      R"({"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-01-02T03:04:05+01:00","AccountId":"1"})",
      "It");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->fields.access_key_id, "AKIA");
  EXPECT_TRUE(got->fields.secret_access_key.equals("s"));
  EXPECT_TRUE(got->fields.session_token.equals("t"));
  EXPECT_EQ(*got->fields.expires_at, *base::parse_iso8601("2026-01-02T02:04:05Z"));
  EXPECT_EQ(got->account_id, "1");
}

TEST(ProcessOutput, TakesLongLivedKeys) {
  const auto got = parse_process_output(
      R"({"Version":1,"AccessKeyId":"AKIA","SecretAccessKey":"s","SessionToken":null,"Expiration":null})",
      "It");
  ASSERT_TRUE(got);
  EXPECT_FALSE(got->fields.expires_at);
  EXPECT_TRUE(got->fields.session_token.empty());
}

TEST(ProcessOutput, SaysWhatIsWrongAndQuotesNothing) {
  const std::vector<Broken> all{
      {"", "It did not print one JSON object"},
      {"hush", "It did not print one JSON object"},
      {R"(["hush"])", "It did not print one JSON object"},
      {R"({"AccessKeyId":"hush"} trailing)", "It did not print one JSON object"},
      {R"({"AccessKeyId":"hush","SecretAccessKey":"hush"})", "It printed JSON without a Version"},
      {R"({"Version":2,"AccessKeyId":"hush","SecretAccessKey":"hush"})",
       "It printed JSON of another Version"},
      {R"({"Version":"1","AccessKeyId":"hush","SecretAccessKey":"hush"})",
       "It printed JSON of another Version"},
      {R"({"Version":1,"SecretAccessKey":"hush"})", "It gave JSON without an AccessKeyId"},
      {R"({"Version":1,"AccessKeyId":7,"SecretAccessKey":"hush"})", "It gave JSON without an AccessKeyId"},
      {R"({"Version":1,"AccessKeyId":"hush"})", "It gave JSON without a SecretAccessKey"},
      {R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"hush","Expiration":"soon"})",
       "It gave an Expiration that"},
      {R"({"Version":1,"AccessKeyId":"A","SecretAccessKey":"hush","Expiration":17})",
       "It gave an Expiration that"},
  };
  for (const auto& [text, message] : all) {
    const auto got = parse_process_output(text, "It");
    ASSERT_FALSE(got) << text;
    EXPECT_THAT(got.error().message, StartsWith(message)) << text;
    EXPECT_THAT(got.error().text(), Not(HasSubstr("hush"))) << text;
  }
  EXPECT_FALSE(parse_process_output(std::string(100'000, '['), "It")) << "deep nesting ends in an error";
}

TEST(MetadataAnswer, ReadsCredentials) {
  const auto got = parse_metadata_answer(
      R"({"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-02T03:04:05Z","RoleArn":"arn:x"})",
      "It");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->role_arn, "arn:x");
  EXPECT_TRUE(got->fields.session_token.equals("t"));
}

TEST(MetadataAnswer, PassesOnWhatTheServiceSays) {
  const auto got = parse_metadata_answer(
      R"({"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role\nx"})", "It");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "credentials_unavailable");
  EXPECT_EQ(got.error().message,
            "It has no credentials: AssumeRoleUnauthorizedAccess: EC2 cannot assume the role x");
}

TEST(MetadataAnswer, WantsTokenAndExpiration) {
  EXPECT_FALSE(parse_metadata_answer(
      R"({"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"2026-01-02T03:04:05Z"})", "It"));
  EXPECT_FALSE(parse_metadata_answer(R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"t"})", "It"));
  EXPECT_FALSE(parse_metadata_answer(
      R"({"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":null})", "It"));
}

}  // namespace
}  // namespace rolegate::aws

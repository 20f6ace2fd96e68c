#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/api.hpp"

namespace rolegate::aws {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr CallSubject kAssumeRole{.service = "sts",
                                  .operation = "AssumeRole",
                                  .region = "ap-east-1",
                                  .caller = "AKIAX:arn:aws:iam::1:role/caller",
                                  .resource = "ROLE",
                                  .external_id_sent = true};
constexpr CallSubject kWebIdentity{.service = "sts",
                                   .operation = "AssumeRoleWithWebIdentity",
                                   .region = "eu-west-1",
                                   .caller = {},
                                   .resource = "ROLE"};
constexpr CallSubject kCluster{.service = "redshift",
                               .operation = "GetClusterCredentials",
                               .region = "eu-west-1",
                               .caller = "AKIAX:arn:aws:iam::1:role/caller",
                               .resource = "my-cluster"};
constexpr CallSubject kWorkgroup{.service = "redshift-serverless",
                                 .operation = "GetCredentials",
                                 .region = "eu-west-1",
                                 .caller = "AKIAX:arn:aws:iam::1:role/caller",
                                 .resource = "my-workgroup"};

struct Case {
  const CallSubject& subject;
  int status;
  const char* aws_code;
  const char* aws_message;
  const char* code;
  bool retryable;
  const char* hint_part;
};

/// Test names are made of this.
void PrintTo(const Case& refusal, std::ostream* out) { *out << refusal.aws_code << '_' << refusal.code; }

class AwsErrors : public ::testing::TestWithParam<Case> {};

TEST_P(AwsErrors, HaveACodeASentenceAndAHint) {
  const Case& c = GetParam();
  const auto error = aws_error(c.subject, c.status, c.aws_code, c.aws_message, "req-1");
  EXPECT_EQ(error.code, c.code);
  EXPECT_EQ(error.retryable, c.retryable);
  EXPECT_THAT(error.hint, HasSubstr(c.hint_part));
  EXPECT_THAT(error.message, HasSubstr(c.aws_code));
  EXPECT_THAT(error.message, HasSubstr(c.aws_message));
  EXPECT_THAT(error.message, EndsWith("."));
  ASSERT_TRUE(error.aws);
  EXPECT_EQ(error.aws->code, c.aws_code);
  EXPECT_EQ(error.aws->message, c.aws_message);
  EXPECT_EQ(error.aws->request_id, "req-1");
  EXPECT_EQ(error.aws->http_status, c.status);
}

INSTANTIATE_TEST_SUITE_P(
    Table, AwsErrors,
    ::testing::Values(
        Case{kAssumeRole, 403, "AccessDenied", "no", "assume_role_denied", false,
             "The trust policy of ROLE must allow arn:aws:iam::1:role/caller;"},
        Case{kWebIdentity, 403, "AccessDenied", "no", "assume_role_denied", false,
             "sts:AssumeRoleWithWebIdentity"},
        Case{kCluster, 403, "AccessDenied", "no", "access_denied", false,
             "arn:aws:iam::1:role/caller needs redshift:GetClusterCredentials for my-cluster"},
        Case{kWorkgroup, 400, "AccessDeniedException", "no", "access_denied", false,
             "arn:aws:iam::1:role/caller needs redshift-serverless:GetCredentials for my-workgroup"},
        Case{kCluster, 403, "AccessDenied", "no, with an explicit deny in a service control policy",
             "access_denied", false, "explicitly"},
        Case{kAssumeRole, 403, "ExpiredToken", "old", "expired_token", false, "Renew the credentials"},
        Case{kWorkgroup, 403, "ExpiredTokenException", "old", "expired_token", false,
             "Renew the credentials"},
        Case{kWebIdentity, 400, "ExpiredTokenException", "Token expired", "expired_token", false,
             "AWS_WEB_IDENTITY_TOKEN_FILE"},
        Case{kAssumeRole, 403, "InvalidClientTokenId", "bad", "invalid_access_key", false,
             "does not exist or is disabled"},
        Case{kWorkgroup, 403, "UnrecognizedClientException", "bad", "invalid_access_key", false,
             "does not exist or is disabled"},
        Case{kAssumeRole, 403, "SignatureDoesNotMatch", "bad", "signature_mismatch", false, "clock"},
        Case{kWorkgroup, 403, "InvalidSignatureException", "bad", "signature_mismatch", false, "clock"},
        Case{kWebIdentity, 400, "InvalidIdentityToken", "No OIDC provider", "invalid_identity_token", false,
             "OIDC identity provider"},
        Case{kWebIdentity, 400, "IDPCommunicationError", "x", "service_unavailable", true, "try again"},
        Case{kAssumeRole, 400, "MalformedPolicyDocument", "x", "malformed_policy", false, "not the role ARN"},
        Case{kAssumeRole, 400, "PackedPolicyTooLarge", "x", "policy_too_large", false, "too large"},
        Case{kAssumeRole, 403, "RegionDisabledException", "x", "region_disabled", false, "Enable ap-east-1"},
        Case{kAssumeRole, 400, "Throttling", "Rate exceeded", "throttled", true, "wait"},
        Case{kWorkgroup, 400, "ThrottlingException", "Rate exceeded", "throttled", true, "wait"},
        Case{kAssumeRole, 400, "ValidationError", "1 validation error detected", "validation_failed", false,
             "names the value"},
        Case{kAssumeRole, 400, "ValidationError",
             "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
             "validation_failed", false,
             "Lower session_duration, or raise the maximum session duration of ROLE"},
        Case{kAssumeRole, 400, "ValidationError",
             "exceeds the 1 hour session limit for roles assumed by role chaining.", "role_chaining_limit",
             false, "3600 or less"},
        Case{kCluster, 404, "ClusterNotFound", "x", "cluster_not_found", false, "Check cluster_identifier"},
        Case{kWorkgroup, 400, "ResourceNotFoundException", "x", "workgroup_not_found", false,
             "Check workgroup_name"},
        Case{kAssumeRole, 503, "ServiceUnavailable", "x", "service_unavailable", true, "try again"},
        Case{kAssumeRole, 500, "InternalFailure", "x", "service_unavailable", true, "try again"},
        Case{kWorkgroup, 500, "InternalServerException", "x", "service_unavailable", true, "try again"},
        Case{kAssumeRole, 403, "AccessDenied",
             "User: arn:aws:sts::222222222222:assumed-role/app/i-0123 is not authorized to perform: "
             "sts:AssumeRole on resource: arn:aws:iam::1:role/ROLE",
             "assume_role_denied", false, "must allow arn:aws:iam::222222222222:role/app;"},
        Case{
            kAssumeRole, 403, "AccessDenied",
            "User: arn:aws-cn:iam::222222222222:user/ops/ann is not authorized to perform: sts:AssumeRole on "
            "resource: arn:aws-cn:iam::1:role/ROLE",
            "assume_role_denied", false, "must allow arn:aws-cn:iam::222222222222:user/ops/ann;"},
        Case{kCluster, 403, "AccessDenied",
             "User: arn:aws:sts::222222222222:assumed-role/app/me is not authorized to perform: "
             "redshift:JoinGroup on resource: "
             "arn:aws:redshift:eu-west-1:222222222222:dbgroup:my-cluster/readers "
             "because no identity-based policy allows the redshift:JoinGroup action",
             "access_denied", false,
             "arn:aws:iam::222222222222:role/app needs redshift:JoinGroup for "
             "arn:aws:redshift:eu-west-1:222222222222:dbgroup:my-cluster/readers."},
        Case{kWebIdentity, 400, "InvalidIdentityToken",
             "Couldn't retrieve verification key from your identity provider, please reference "
             "AssumeRoleWithWebIdentity documentation for requirements",
             "invalid_identity_token", true, "OIDC identity provider"},
        Case{kAssumeRole, 418, "SomethingNew", "x", "aws_refused", false, "The words are AWS's own"},
        Case{kCluster, 400, "UnauthorizedPartnerIntegration", "x", "aws_refused", false,
             "its reference of GetClusterCredentials"},
        Case{kAssumeRole, 500, "SomethingNew", "x", "service_unavailable", true, "try again"}));

TEST(AwsError, NamesNoAccessKeyAsWhomAPolicyShouldAllow) {
  for (const char* identity : {"AKIAIOSFODNN7EXAMPLE", "imds:role", "process:default", ""}) {
    CallSubject subject = kAssumeRole;
    subject.caller = identity;
    const auto hint = aws_error(subject, 403, "AccessDenied", "no", "").hint;
    EXPECT_THAT(hint, HasSubstr("must allow the caller (aws sts get-caller-identity prints its ARN)"));
    EXPECT_THAT(hint, Not(HasSubstr("AKIA")));
  }
}

TEST(AwsError, MayBeTheKeysFault) {
  for (const char* code : {"InvalidClientTokenId", "ExpiredToken", "AccessDenied", "SignatureDoesNotMatch",
                           "UnrecognizedClientException", "ExpiredTokenException", "AccessDeniedException"}) {
    EXPECT_TRUE(may_be_the_keys(aws_error(kAssumeRole, 403, code, "no", ""))) << code;
    EXPECT_TRUE(may_be_the_keys(aws_error(kCluster, 403, code, "no", ""))) << code;
  }
  for (const char* code :
       {"Throttling", "ValidationError", "ClusterNotFound", "InternalFailure", "SomethingNew"}) {
    EXPECT_FALSE(may_be_the_keys(aws_error(kCluster, 400, code, "no", ""))) << code;
  }
}

TEST(AwsError, JudgesByTheStatusWhereThereIsNoAwsError) {
  EXPECT_EQ(aws_error(kAssumeRole, 502, "", "", "").code, "service_unavailable");
  EXPECT_TRUE(aws_error(kAssumeRole, 502, "", "", "").retryable);
  EXPECT_EQ(aws_error(kAssumeRole, 429, "", "", "").code, "throttled");
  const auto redirect = aws_error(kAssumeRole, 302, "", "", "");
  EXPECT_EQ(redirect.code, "unexpected_answer");
  EXPECT_EQ(redirect.message, "sts:AssumeRole for ROLE got HTTP status 302 and no AWS error with it.");
  EXPECT_THAT(redirect.hint, HasSubstr("Redirects are not followed"));
}

TEST(AwsError, CarriesNoControlCharactersAndNoEndlessText) {
  const auto error =
      aws_error(kAssumeRole, 400, "Odd\r\nCode", "a\x1b[31m\xff" + std::string(10'000, 'x'), "r\n1");
  EXPECT_THAT(error.text(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(error.text(), Not(HasSubstr("\n")));
  EXPECT_THAT(error.text(), Not(HasSubstr("\xff")));
  EXPECT_LT(error.message.size(), 3000u);
  EXPECT_EQ(error.aws->request_id, "r 1");
  // C1 controls too: a terminal may take U+009B for an escape sequence.
  EXPECT_EQ(aws_error(kAssumeRole, 400, "C", "a\u009Bb\u00A0", "").aws->message, "a b\u00A0");
  // Cut between characters, not inside one.
  const auto cut = aws_error(kAssumeRole, 400, "C", std::string(1999, 'x') + "é", "");
  EXPECT_EQ(cut.aws->message.size(), 1999u);
}

}  // namespace
}  // namespace rolegate::aws

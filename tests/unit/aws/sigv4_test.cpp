#include "aws/sigv4.hpp"

#include <gtest/gtest.h>

#include "unit/aws/api_fixture.hpp"

namespace rolegate::aws {
namespace {

using testing::example_credentials;

const base::WallTime kTime = *base::parse_iso8601("2015-08-30T12:36:00Z");

std::string header(const HttpRequest& request, std::string_view name) {
  std::string all;
  for (const auto& [key, value] : request.headers) {
    if (key == name) all += (all.empty() ? "" : " AND ") + value;
  }
  return all;
}

// AWS's published example: https://docs.aws.amazon.com/IAM/latest/UserGuide/signing-elements.html (list
// users).
TEST(SignHeaders, MatchesTheListUsersExample) {
  HttpRequest request;
  request.method = "GET";
  request.url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08";
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  sign_headers(request, example_credentials(), "us-east-1", "iam", kTime);
  EXPECT_EQ(header(request, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
  EXPECT_EQ(header(request, "Host"), "iam.amazonaws.com");
  EXPECT_EQ(header(request, "X-Amz-Date"), "20150830T123600Z");
}

TEST(SignHeaders, ReplacesAnEarlierSignature) {
  HttpRequest request;
  request.method = "POST";
  request.url = "https://sts.eu-west-1.amazonaws.com/";
  request.body = "Action=GetCallerIdentity";
  sign_headers(request, example_credentials("token"), "eu-west-1", "sts", kTime);
  const auto first = header(request, "Authorization");
  const auto headers = request.headers.size();
  sign_headers(request, example_credentials("token"), "eu-west-1", "sts", kTime);
  EXPECT_EQ(header(request, "Authorization"), first);
  EXPECT_EQ(request.headers.size(), headers);
}

TEST(SignHeaders, SignsTheSessionTokenAndThePort) {
  HttpRequest request;
  request.method = "POST";
  request.url = "http://LOCALHOST:4566/";
  sign_headers(request, example_credentials("token"), "eu-west-1", "sts", kTime);
  EXPECT_EQ(header(request, "Host"), "localhost:4566");
  EXPECT_EQ(header(request, "X-Amz-Security-Token"), "token");
  EXPECT_NE(header(request, "Authorization").find("SignedHeaders=host;x-amz-date;x-amz-security-token,"),
            std::string::npos);
}

TEST(SignHeaders, ChangesWithEveryPartOfTheRequest) {
  const auto sign = [](std::string_view method, std::string_view url, std::string_view body,
                       std::string_view region) {
    HttpRequest request;
    request.method = method;
    request.url = url;
    request.body = body;
    sign_headers(request, example_credentials(), region, "sts", kTime);
    return header(request, "Authorization").substr(header(request, "Authorization").rfind('='));
  };
  const auto plain = sign("POST", "https://h/", "b", "eu-west-1");
  EXPECT_NE(plain, sign("GET", "https://h/", "b", "eu-west-1"));
  EXPECT_NE(plain, sign("POST", "https://i/", "b", "eu-west-1"));
  EXPECT_NE(plain, sign("POST", "https://h/p", "b", "eu-west-1"));
  EXPECT_NE(plain, sign("POST", "https://h/?q", "b", "eu-west-1"));
  EXPECT_NE(plain, sign("POST", "https://h/", "c", "eu-west-1"));
  EXPECT_NE(plain, sign("POST", "https://h/", "b", "eu-west-2"));
  EXPECT_EQ(plain, sign("POST", "https://h:443", "b", "eu-west-1"));
}

}  // namespace
}  // namespace rolegate::aws

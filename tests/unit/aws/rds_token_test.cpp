#include "aws/rds_token.hpp"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/presigner.hpp"
#include "base/percent_encoding.hpp"
#include "unit/aws/api_fixture.hpp"

namespace rolegate::aws {
namespace {

using testing::example_credentials;
using ::testing::StartsWith;

const base::WallTime kTime = *base::parse_iso8601("2026-01-02T03:04:05Z");
constexpr std::string_view kHost = "db.cluster-xyz.us-east-1.rds.amazonaws.com";
constexpr std::string_view kRegion = "us-east-1";

CredentialsPtr shared(Credentials credentials) {
  return std::make_shared<const Credentials>(std::move(credentials));
}

std::map<std::string, std::string> parameters(std::string_view token) {
  std::map<std::string, std::string> result;
  token.remove_prefix(token.find("/?") + 2);
  while (!token.empty()) {
    const auto pair = token.substr(0, token.find('&'));
    token.remove_prefix(std::min(token.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    const bool is_new =
        result.emplace(pair.substr(0, equals), *base::percent_decode(pair.substr(equals + 1))).second;
    EXPECT_TRUE(is_new) << pair;
  }
  return result;
}

std::string signature(const base::Secret& token) { return parameters(token.reveal())["X-Amz-Signature"]; }

std::string sign_once(std::string_view session_token, const RdsTokenRequest& request,
                      base::WallTime time = kTime) {
  RdsTokenSigner signer(shared(example_credentials(session_token)));
  return std::string(signer.sign(request, time).reveal());
}

TEST(RdsToken, MatchesTheVectorOfALongLivedKey) {
  RdsTokenSigner signer(shared(example_credentials()));
  const auto token = signer.sign({kHost, 5432, kRegion, "superset_iam_user"}, kTime);
  EXPECT_THAT(std::string(token.reveal()),
              StartsWith("db.cluster-xyz.us-east-1.rds.amazonaws.com:5432/?Action=connect&"));
  const std::map<std::string, std::string> expected{
      {"Action", "connect"},
      {"DBUser", "superset_iam_user"},
      {"X-Amz-Algorithm", "AWS4-HMAC-SHA256"},
      {"X-Amz-Credential", "AKIDEXAMPLE/20260102/us-east-1/rds-db/aws4_request"},
      {"X-Amz-Date", "20260102T030405Z"},
      {"X-Amz-Expires", "900"},
      {"X-Amz-SignedHeaders", "host"},
      {"X-Amz-Signature", "ebdeff6bce66597be49802b3e3cd086909709426519c62fbd4b6095153cb35e9"}};
  EXPECT_EQ(parameters(token.reveal()), expected);
}

TEST(RdsToken, MatchesTheVectorWithASessionTokenAndAnAwkwardUser) {
  RdsTokenSigner signer(shared(example_credentials("FwoGZXIvYXdzE/+=tok")));
  const auto token = signer.sign({kHost, 3306, kRegion, "a b+c/d@e%f"}, kTime);
  EXPECT_EQ(signature(token), "e2997253271cd76cece4cdfd0d3d04334a0d11235c48a33c41d7b48c7e4d42ed");
  EXPECT_EQ(parameters(token.reveal())["X-Amz-Security-Token"], "FwoGZXIvYXdzE/+=tok");
  EXPECT_THAT(std::string(token.reveal()), ::testing::HasSubstr("DBUser=a%20b%2Bc%2Fd%40e%25f&"));
}

TEST(RdsToken, KeepsTheCaseOfTheHostAndSignsItInLowerCase) {
  const auto lower = sign_once("", {"db.example", 5432, kRegion, "u"});
  const auto mixed = sign_once("", {"DB.Example", 5432, kRegion, "u"});
  EXPECT_THAT(mixed, StartsWith("DB.Example:5432/?"));
  EXPECT_EQ(mixed.substr(10), lower.substr(10));
}

TEST(RdsToken, CarriesAnyUnicodeUser) {
  const std::string user = "Zoë-数据-\xF0\x9F\x94\x91~&=?#\"'";
  EXPECT_EQ(parameters(sign_once("", {kHost, 5432, kRegion, user}))["DBUser"], user);
}

TEST(RdsToken, IsTheSameFromAWarmSignerAsFromAFreshOne) {
  RdsTokenSigner warm(shared(example_credentials("session")));
  const auto expect_same = [&](const RdsTokenRequest& request, base::WallTime time) {
    EXPECT_EQ(std::string(warm.sign(request, time).reveal()), sign_once("session", request, time));
  };
  using std::chrono::seconds;
  const base::WallTime midnight = *base::parse_iso8601("2026-01-03T00:00:00Z");
  expect_same({kHost, 5432, kRegion, "u"}, kTime);
  expect_same({kHost, 5432, kRegion, "u"}, kTime);
  // Longer, then shorter again: nothing of the buffers may show through.
  expect_same({kHost, 5432, kRegion, std::string(500, '%')}, kTime);
  expect_same({"h", 1150, kRegion, "u"}, kTime);
  // The day changes the signing key, forwards and (a clock that was set) backwards.
  expect_same({kHost, 5432, kRegion, "u"}, midnight - seconds(1));
  expect_same({kHost, 5432, kRegion, "u"}, midnight);
  expect_same({kHost, 5432, kRegion, "u"}, midnight - seconds(1));
  // So does the region.
  expect_same({kHost, 5432, "eu-west-1", "u"}, kTime);
  expect_same({kHost, 5432, kRegion, "u"}, kTime);
}

TEST(RdsToken, OfDifferentCredentialsDiffer) {
  auto other = example_credentials();
  other.secret_access_key = base::Secret(std::string_view("another"));
  RdsTokenSigner first(shared(example_credentials()));
  RdsTokenSigner second(shared(std::move(other)));
  const RdsTokenRequest request{kHost, 5432, kRegion, "u"};
  EXPECT_NE(signature(first.sign(request, kTime)), signature(second.sign(request, kTime)));
  // Moving a signer moves its state with it.
  second = std::move(first);
  EXPECT_EQ(std::string(second.sign(request, kTime).reveal()), sign_once("", request));
}

TEST(RdsToken, KeepsItsCredentialsAlive) {
  auto credentials = shared(example_credentials("t"));
  const std::weak_ptr<const Credentials> watch = credentials;
  RdsTokenSigner signer(std::move(credentials));
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(signer.credentials()->access_key_id, "AKIDEXAMPLE");
}

TEST(RdsToken, ExpiresWithTheCredentialsWhenTheyEndSooner) {
  auto credentials = example_credentials();
  EXPECT_EQ(rds_token_expiry(kTime, credentials), kTime + std::chrono::seconds(900));
  credentials.expires_at = kTime + std::chrono::seconds(300);
  EXPECT_EQ(rds_token_expiry(kTime, credentials), kTime + std::chrono::seconds(300));
  credentials.expires_at = kTime + std::chrono::hours(1);
  EXPECT_EQ(rds_token_expiry(kTime, credentials), kTime + std::chrono::seconds(900));
}

TEST(Presigner, MatchesTheVectorOfAuroraDsql) {
  Presigner presigner(shared(example_credentials()));
  const auto token = presigner.presign({.host = "abc.dsql.us-east-1.on.aws",
                                        .port = 0,
                                        .region = kRegion,
                                        .service = "dsql",
                                        .action = "DbConnect",
                                        .db_user = {}},
                                       kTime);
  EXPECT_EQ(signature(token), "eaafea9fd0c1b68156df8bd0f267040acea93d23bb56d5ab40e2be807b34e533");
  EXPECT_THAT(std::string(token.reveal()),
              StartsWith("abc.dsql.us-east-1.on.aws/?Action=DbConnect&X-Amz-Algorithm="));
}

TEST(Presigner, KeepsTheKeysOfServicesApart) {
  Presigner presigner(shared(example_credentials()));
  PresignRequest request{.host = kHost,
                         .port = 5432,
                         .region = kRegion,
                         .service = "rds-db",
                         .action = "connect",
                         .db_user = "u"};
  const auto rds = signature(presigner.presign(request, kTime));
  request.service = "dsql";
  EXPECT_NE(signature(presigner.presign(request, kTime)), rds);
  request.service = "rds-db";
  EXPECT_EQ(signature(presigner.presign(request, kTime)), rds);
}

}  // namespace
}  // namespace rolegate::aws

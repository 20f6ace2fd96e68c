
#include <cctype>
#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/query_protocol.hpp"
#include "aws/redshift_answers.hpp"
#include "aws/sts_answers.hpp"

// Whatever comes back from an endpoint (or from a proxy that poses as one), a reader gives a value or says
// what is wrong with the answer.

namespace rolegate::aws {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

enum class Reader { sts, identity, cluster, cluster_endpoint, workgroup, workgroup_endpoint };

/// The error's message, without what every one begins and ends with; "ok" when the answer was taken.
std::string read(Reader reader, std::string body) {
  const auto outcome = [](const auto& result) {
    if (result) return std::string("ok");
    EXPECT_EQ(result.error().code, "unexpected_answer");
    EXPECT_FALSE(result.error().retryable);
    EXPECT_THAT(result.error().text(), Not(HasSubstr("canary")));
    const auto start = result.error().message.find("the answer ");
    return start == std::string::npos ? result.error().message : result.error().message.substr(start + 11);
  };
  CallSubject subject{
      .service = "x", .operation = "AssumeRole", .region = "r", .caller = "c", .resource = "y"};
  switch (reader) {
    case Reader::sts:
      return outcome(read_role_session(subject, body));
    case Reader::identity:
      return outcome(read_caller_identity(subject, body));
    case Reader::cluster:
      return outcome(read_cluster_credentials(subject, body));
    case Reader::cluster_endpoint:
      return outcome(read_cluster_endpoint(subject, body));
    case Reader::workgroup:
      return outcome(read_workgroup_credentials(subject, body));
    case Reader::workgroup_endpoint:
      return outcome(read_workgroup_endpoint(subject, body));
  }
  return {};
}

std::string sts(std::string_view credentials) {
  return fmt::format("<AssumeRoleResponse><AssumeRoleResult>{}</AssumeRoleResult></AssumeRoleResponse>",
                     credentials);
}
std::string session(std::string_view expiration, std::string_view token = "canary-t",
                    std::string_view extra = "") {
  return sts(
      fmt::format("<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>canary-s</SecretAccessKey>"
                  "<SessionToken>{}</SessionToken><Expiration>{}</Expiration>{}</Credentials>",
                  token, expiration, extra));
}
std::string cluster(std::string_view fields) {
  return fmt::format(
      "<GetClusterCredentialsResponse><GetClusterCredentialsResult>{}</GetClusterCredentialsResult>"
      "</GetClusterCredentialsResponse>",
      fields);
}
std::string clusters(std::string_view list) {
  return fmt::format(
      "<DescribeClustersResponse><DescribeClustersResult><Clusters>{}</Clusters></DescribeClustersResult>"
      "</DescribeClustersResponse>",
      list);
}
std::string at(std::string_view address, std::string_view port) {
  return clusters(fmt::format("<Cluster><Endpoint><Address>{}</Address><Port>{}</Port></Endpoint></Cluster>",
                              address, port));
}

constexpr const char* kTime = "2026-01-02T03:04:05Z";

struct Case {
  Reader reader;
  std::string body;
  std::string expected;
};

/// Test names are made of this.
void PrintTo(const Case& broken, std::ostream* out) {
  for (const char c : broken.expected) *out << (std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_');
}

class BrokenAnswer : public ::testing::TestWithParam<Case> {};

TEST_P(BrokenAnswer, IsRefusedWithASentence) {
  EXPECT_THAT(read(GetParam().reader, GetParam().body), HasSubstr(GetParam().expected));
}

INSTANTIATE_TEST_SUITE_P(
    Xml, BrokenAnswer,
    ::testing::Values(
        Case{Reader::sts, "", "is empty."},
        Case{Reader::sts, " \n", "is not well-formed XML (No document element found at byte"},
        Case{Reader::sts, "<AssumeRoleResponse><AssumeRoleResult>", "is not well-formed XML ("},
        Case{Reader::sts, std::string("<\0x>", 4), "is not well-formed XML ("},
        Case{Reader::sts, "{\"json\": true}", "is not well-formed XML ("},
        Case{Reader::sts, "<html><body>Sign in to the hotel's network</body></html>",
             "is no AssumeRoleResponse."},
        Case{Reader::sts, "<AssumeRoleResponse/>", "has no AssumeRoleResult."},
        Case{Reader::sts, sts(""), "has no Credentials."},
        Case{Reader::sts, sts("<Credentials/>"), "has no AccessKeyId."},
        Case{Reader::sts, sts("<Credentials/><Credentials/>"), "has Credentials more than once."},
        Case{Reader::sts, sts("<Credentials><AccessKeyId>A</AccessKeyId></Credentials>"),
             "has no SecretAccessKey."},
        Case{Reader::sts, session(kTime, ""), "has an empty SessionToken."},
        Case{Reader::sts, session(kTime, "<b>canary</b>"), "has an empty SessionToken."},
        Case{Reader::sts, session(kTime, "canary\n"), "has a SessionToken with control characters."},
        Case{Reader::sts, session(kTime, "canary&#13;&#10;X-Evil: 1"),
             "has a SessionToken with control characters."},
        Case{Reader::sts, session(kTime, "canary\xff"), "has a SessionToken that is not UTF-8."},
        Case{Reader::sts, session(kTime, std::string(20'000, 'c')),
             "has a SessionToken of more than 16384 bytes."},
        Case{Reader::sts, session(kTime, "t", "<Expiration>2027-01-01T00:00:00Z</Expiration>"),
             "has Expiration more than once."},
        Case{Reader::sts, session("soon"), "has an Expiration that is not a time."},
        Case{Reader::sts, session("2026-02-30T00:00:00Z"), "has an Expiration that is not a time."},
        Case{Reader::sts, session("1767323945"), "has an Expiration that is not a time."},
        Case{Reader::sts, std::string(300'000, ' '), "is larger than 262144 bytes."},
        Case{Reader::sts, session(kTime, "&undefined;"),
             "ok"},  // taken as the text it is: nothing is expanded
        Case{Reader::identity,
             "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>a</Arn></GetCallerIdentityResult></"
             "GetCallerIdentityResponse>",
             "has no Account."},
        Case{Reader::cluster, cluster("<DbUser>IAM:u</DbUser>"), "has no DbPassword."},
        Case{Reader::cluster, cluster("<DbUser>IAM:u</DbUser><DbPassword>canary</DbPassword>"),
             "has no Expiration."},
        Case{Reader::cluster, session(kTime), "is no GetClusterCredentialsResponse."},
        Case{Reader::cluster_endpoint,
             "<DescribeClustersResponse><DescribeClustersResult/></DescribeClustersResponse>",
             "has no Clusters."},
        Case{Reader::cluster_endpoint, clusters("<Cluster/><Cluster/>"), "has Cluster more than once."},
        Case{Reader::cluster_endpoint, at("evil.example/x?", "5439"),
             "has an Address that is not a host name."},
        Case{Reader::cluster_endpoint, at("h", "0"), "has a Port that is not a port number."},
        Case{Reader::cluster_endpoint, at("h", "65536"), "has a Port that is not a port number."},
        Case{Reader::cluster_endpoint, at("h", "5439x"), "has a Port that is not a port number."},
        Case{Reader::cluster_endpoint, at("h", "-1"), "has a Port that is not a port number."}));

INSTANTIATE_TEST_SUITE_P(
    Json, BrokenAnswer,
    ::testing::Values(
        Case{Reader::workgroup, "", "is empty."},
        Case{Reader::workgroup, "<xml/>", "is not well-formed JSON ("},
        Case{Reader::workgroup, R"({"dbUser":"IAM:u")", "is not well-formed JSON (incomplete JSON"},
        Case{Reader::workgroup, R"({} trailing)", "is not well-formed JSON (something follows it)."},
        Case{Reader::workgroup, R"(["dbUser"])", "is not a JSON object."},
        Case{Reader::workgroup, R"("dbUser")", "is not a JSON object."},
        Case{Reader::workgroup, "null", "is not a JSON object."},
        Case{Reader::workgroup, "{}", "has no dbUser."},
        Case{Reader::workgroup, R"({"dbUser":7})", "has a dbUser that is not a string."},
        Case{Reader::workgroup, R"({"dbUser":null})", "has a dbUser that is not a string."},
        Case{Reader::workgroup, R"({"dbUser":{"a":"b"}})", "has no dbUser."},
        Case{Reader::workgroup, R"({"dbUser":""})", "has an empty dbUser."},
        Case{Reader::workgroup, R"({"dbUser":"a\u0000b"})", "has a dbUser with control characters."},
        Case{Reader::workgroup, R"({"dbUser":"u","dbPassword":"canary"})", "has no expiration."},
        Case{Reader::workgroup, R"({"dbUser":"u","dbPassword":"canary","dbPassword":"other"})",
             "has dbPassword more than once."},
        Case{Reader::workgroup, "{\"a\\u001b\":1,\"a\\u001b\":2}", "has a  more than once."},
        Case{Reader::workgroup, R"({"dbUser":"u","dbPassword":"canary","expiration":true})",
             "has an expiration that is not a time."},
        Case{Reader::workgroup, R"({"dbUser":"u","dbPassword":"canary","expiration":-1})",
             "has an expiration that is not a time."},
        Case{Reader::workgroup, R"({"dbUser":"u","dbPassword":"canary","expiration":1e300})",
             "has an expiration that is not a time."},
        Case{Reader::workgroup, R"({"dbUser":"u","dbPassword":"canary","expiration":"never"})",
             "has an expiration that is not a time."},
        Case{Reader::workgroup, "{\"dbUser\":\"\xff\"}", "is not well-formed JSON ("},
        Case{Reader::workgroup, R"({"dbUser":")" + std::string(20'000, 'u') + "\"}",
             "is not well-formed JSON ("},
        Case{Reader::workgroup, "{\"a\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}",
             "is not well-formed JSON ("},
        Case{Reader::workgroup, std::string(300'000, ' '), "is larger than 262144 bytes."},
        Case{Reader::workgroup_endpoint, R"({"workgroup":{}})", "has no address."},
        Case{Reader::workgroup_endpoint, R"({"workgroup":{"status":"AVAILABLE"}})", "has no address."},
        Case{Reader::workgroup_endpoint, R"({"workgroup/endpoint/address":"h"})", "has no address."},
        Case{Reader::workgroup_endpoint, R"({"workgroup":{"endpoint":{"address":"a b","port":1}}})",
             "has an address that is not a host name."},
        Case{Reader::workgroup_endpoint, R"({"workgroup":{"endpoint":{"address":"h"}}})", "has no port."},
        Case{Reader::workgroup_endpoint, R"({"workgroup":{"endpoint":{"address":"h","port":"5439"}}})",
             "has a port that is not a port number."},
        Case{Reader::workgroup_endpoint, R"({"workgroup":{"endpoint":{"address":"h","port":54.5}}})",
             "has a port that is not a port number."},
        Case{Reader::workgroup_endpoint, R"({"workgroup":{"endpoint":{"address":"h","port":70000}}})",
             "has a port that is not a port number."}));

TEST(BrokenAnswers, EveryPrefixOfAGoodOneIsRefused) {
  const std::string xml = session(kTime);
  ASSERT_EQ(read(Reader::sts, xml), "ok");
  for (std::size_t length = 0; length < xml.size(); ++length)
    EXPECT_NE(read(Reader::sts, xml.substr(0, length)), "ok") << length;
  const std::string json = R"({"dbUser":"IAM:u","dbPassword":"canary","expiration":1767323945})";
  ASSERT_EQ(read(Reader::workgroup, json), "ok");
  for (std::size_t length = 0; length < json.size(); ++length)
    EXPECT_NE(read(Reader::workgroup, json.substr(0, length)), "ok") << length;
}

TEST(BrokenAnswers, EntitiesAreNotExpanded) {
  std::string bomb = "<!DOCTYPE x [<!ENTITY a0 \"canary\">";
  for (int i = 1; i < 30; ++i) bomb += fmt::format("<!ENTITY a{} \"&a{};&a{};\">", i, i - 1, i - 1);
  bomb += "<!ENTITY file SYSTEM \"file:///etc/passwd\">]>";
  std::string body = bomb + session(kTime, "&a29;&file;");
  const CallSubject subject{
      .service = "sts", .operation = "AssumeRole", .region = {}, .caller = {}, .resource = {}};
  const auto read = read_role_session(subject, body);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->session_token.reveal(), "&a29;&file;");
}

TEST(BrokenAnswers, RefusalsThatAreNoneAreEmpty) {
  for (const char* body : {"", "<", "<html>busy</html>", "{}", "[1]", "{\"__type\":7}",
                           "{\"__type\":\"AccessDenied\",", "<ErrorResponse><Error/></ErrorResponse>"}) {
    for (const auto read_refusal : {read_json_refusal, read_query_refusal}) {
      HttpResponse response;
      response.body = body;
      const Refusal refusal = read_refusal(response);
      EXPECT_EQ(refusal.code, "") << body;
      EXPECT_EQ(refusal.message, "") << body;
    }
  }
}

}  // namespace
}  // namespace rolegate::aws

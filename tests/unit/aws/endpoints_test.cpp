#include "aws/endpoints.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/url.hpp"

namespace rolegate::aws {
namespace {

using base::FixedEnvironment;
using ::testing::HasSubstr;
using ::testing::Not;

std::string url(Service service, std::string_view region,
                std::map<std::string, std::string, std::less<>> variables = {}) {
  const auto result = endpoint_url(service, region, FixedEnvironment(std::move(variables)));
  return result ? *result : "error: " + result.error().message;
}

TEST(Endpoint, IsRegional) {
  EXPECT_EQ(url(Service::sts, "eu-west-1"), "https://sts.eu-west-1.amazonaws.com");
  EXPECT_EQ(url(Service::sts, "us-east-1"), "https://sts.us-east-1.amazonaws.com");
  EXPECT_EQ(url(Service::redshift, "cn-north-1"), "https://redshift.cn-north-1.amazonaws.com.cn");
  EXPECT_EQ(url(Service::redshift_serverless, "eusc-de-east-1"),
            "https://redshift-serverless.eusc-de-east-1.amazonaws.eu");
  EXPECT_EQ(url(Service::sts, "us-iso-east-1"), "https://sts.us-iso-east-1.c2s.ic.gov");
  EXPECT_EQ(url(Service::sts, "us-isob-east-1"), "https://sts.us-isob-east-1.sc2s.sgov.gov");
  EXPECT_EQ(url(Service::sso, "eu-west-1"), "https://portal.sso.eu-west-1.amazonaws.com");
}

TEST(Endpoint, HasFipsAndDualStackNames) {
  const std::map<std::string, std::string, std::less<>> fips{{"AWS_USE_FIPS_ENDPOINT", "true"}};
  const std::map<std::string, std::string, std::less<>> dual{{"AWS_USE_DUALSTACK_ENDPOINT", "True"}};
  auto both = fips;
  both.insert(dual.begin(), dual.end());
  EXPECT_EQ(url(Service::sts, "us-east-1", fips), "https://sts-fips.us-east-1.amazonaws.com");
  EXPECT_EQ(url(Service::sts, "us-gov-west-1", fips), "https://sts.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(url(Service::redshift, "us-gov-west-1", fips), "https://redshift.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(url(Service::sts, "us-east-1", dual), "https://sts.us-east-1.api.aws");
  EXPECT_EQ(url(Service::sts, "cn-north-1", dual), "https://sts.cn-north-1.api.amazonwebservices.com.cn");
  EXPECT_EQ(url(Service::sts, "us-east-1", both), "https://sts-fips.us-east-1.api.aws");
  EXPECT_EQ(url(Service::sts, "us-gov-west-1", both), "https://sts-fips.us-gov-west-1.api.aws");
  EXPECT_THAT(url(Service::sts, "us-iso-east-1", dual), HasSubstr("has no dual-stack endpoints"));
  EXPECT_EQ(url(Service::sts, "us-east-1", {{"AWS_USE_FIPS_ENDPOINT", "false"}}),
            "https://sts.us-east-1.amazonaws.com");
}

TEST(Endpoint, TakesTheServicesOverrideBeforeTheGeneralOne) {
  EXPECT_EQ(url(Service::sts, "eu-west-1",
                {{"AWS_ENDPOINT_URL_STS", "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com/"},
                 {"AWS_ENDPOINT_URL", "https://other.example"}}),
            "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com");
  EXPECT_EQ(url(Service::redshift, "eu-west-1", {{"AWS_ENDPOINT_URL", "http://localhost:4566"}}),
            "http://localhost:4566");
  EXPECT_EQ(url(Service::redshift_serverless, "eu-west-1",
                {{"AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS", "http://[::1]:9/x"}}),
            "http://[::1]:9/x");
  EXPECT_EQ(url(Service::redshift, "eu-west-1", {{"AWS_ENDPOINT_URL_STS", "http://localhost:1"}}),
            "https://redshift.eu-west-1.amazonaws.com");
  EXPECT_EQ(
      url(Service::sts, "eu-west-1",
          {{"AWS_ENDPOINT_URL", "https://other.example"}, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}}),
      "https://sts.eu-west-1.amazonaws.com");
}

TEST(Endpoint, RefusesPlainHttpToAnotherMachine) {
  for (const char* loopback :
       {"http://127.0.0.1:80", "http://127.9.9.9", "http://localhost", "http://[::1]"}) {
    EXPECT_EQ(url(Service::sts, "eu-west-1", {{"AWS_ENDPOINT_URL", loopback}}), loopback);
  }
  for (const char* away :
       {"http://10.0.0.1", "http://sts.example", "http://localhost.example", "http://127.0.0.1.example"}) {
    EXPECT_THAT(url(Service::sts, "eu-west-1", {{"AWS_ENDPOINT_URL", away}}), HasSubstr("in the clear"))
        << away;
  }
}

TEST(Endpoint, RefusesAnOverrideThatIsNoUrl) {
  for (const char* bad : {"sts.example", "ftp://x", "https://", "https://u:secret@host", "https://host/?a=b",
                          "https://host/#f", "https://host:0", "https://host:99999", "https://host:x",
                          "https://ho st", "https://[::1", "https://host]"}) {
    const auto text = url(Service::sts, "eu-west-1", {{"AWS_ENDPOINT_URL_STS", bad}});
    EXPECT_THAT(text, HasSubstr("AWS_ENDPOINT_URL_STS is not a URL of a service")) << bad;
    EXPECT_THAT(text, Not(HasSubstr("secret")));
  }
}

TEST(Endpoint, RefusesARegionThatWouldChangeTheHost) {
  for (const char* bad : {"", "evil.example/", "eu west", "EU-WEST-1", "a@b", "-x", "eu-west-1."}) {
    EXPECT_THAT(url(Service::sts, bad), HasSubstr("is not the name of an AWS region")) << bad;
  }
}

TEST(Url, IsTakenApartWithoutDecoding) {
  const auto parsed = parse_url("https://Host.Example:8443/a%20b/c?x=1&y=%2F");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->host, "Host.Example");
  EXPECT_EQ(parsed->authority, "Host.Example:8443");
  EXPECT_EQ(parsed->port, 8443);
  EXPECT_FALSE(parsed->default_port);
  EXPECT_EQ(parsed->path, "/a%20b/c");
  EXPECT_EQ(parsed->query, "x=1&y=%2F");
}

}  // namespace
}  // namespace rolegate::aws

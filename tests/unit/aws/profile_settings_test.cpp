#include "aws/profile_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/credential_providers/instance_metadata.hpp"
#include "aws/endpoints.hpp"
#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using ::testing::HasSubstr;

struct Fixture : testing::ProviderFixture {
  std::string profile;

  std::string setting(std::string_view name) {
    return ProfileSettings(environment, clock, log, profile).get_or(name, "(none)");
  }
  std::string url(Service service, std::string_view region = "eu-west-1") {
    const auto found = endpoint_url(service, region, ProfileSettings(environment, clock, log, profile));
    return found ? *found : found.error().message;
  }
};

TEST(ProfileSettings, AreTheVariableElseTheProfilesKey) {
  for (const auto& [variable, key] :
       {std::pair("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
        {"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"},
        {"AWS_ENDPOINT_URL", "endpoint_url"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"},
        {"AWS_CA_BUNDLE", "ca_bundle"},
        {"AWS_MAX_ATTEMPTS", "max_attempts"},
        {"AWS_RETRY_MODE", "retry_mode"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode"},
        {"AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout"},
        {"AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts"}}) {
    Fixture f;
    EXPECT_EQ(f.setting(variable), "(none)");
    f.config_file(fmt::format("[default]\n{0} = of default\n[profile p]\n{0} = of p\n", key));
    EXPECT_EQ(f.setting(variable), "of default");
    f.environment.values["AWS_PROFILE"] = "p";
    EXPECT_EQ(f.setting(variable), "of p");
    f.profile = "default";
    EXPECT_EQ(f.setting(variable), "of default");
    f.credentials_file(fmt::format("[default]\n{} = of the credentials file\n", key));
    EXPECT_EQ(f.setting(variable), "of the credentials file");
    f.environment.values[variable] = "of the variable";
    EXPECT_EQ(f.setting(variable), "of the variable");
  }
}

TEST(ProfileSettings, LeaveOtherVariablesAlone) {
  Fixture f;
  f.config_file("[default]\nregion = eu-west-1\nregistry = x\n");
  f.environment.values["AWS_REGION"] = "us-east-1";
  EXPECT_EQ(f.setting("AWS_REGION"), "us-east-1");
  EXPECT_EQ(f.setting("AWS_DEFAULT_REGION"), "(none)");
  EXPECT_EQ(f.setting("AWS_REGISTRY"), "(none)");
}

TEST(ProfileSettings, AreReadAgainWhenTheFileChanges) {
  Fixture f;
  const ProfileSettings settings(f.environment, f.clock, f.log, {});
  f.config_file("[default]\nuse_fips_endpoint = true\n");
  EXPECT_EQ(settings.get_or("AWS_USE_FIPS_ENDPOINT", ""), "true");
  f.config_file("[default]\nuse_fips_endpoint = false\n");
  EXPECT_EQ(settings.get_or("AWS_USE_FIPS_ENDPOINT", ""), "false");
}

TEST(ProfileSettings, SayOnceThatABrokenFileDoesNotCount) {
  Fixture f;
  f.config_file("[default]\nnonsense\n");
  const ProfileSettings settings(f.environment, f.clock, f.log, {});
  for (int n = 0; n < 3; ++n) EXPECT_FALSE(settings.get("AWS_ENDPOINT_URL"));
  const std::string text = f.log.text();
  EXPECT_THAT(text, HasSubstr("config:2"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 1) << text;
}

/// The order of the SDKs: the service's variable, the general variable, the service's section, the profile.
TEST(ProfileSettings, GiveEndpointsInTheOrderOfTheSdks) {
  Fixture f;
  EXPECT_EQ(f.url(Service::redshift_serverless), "https://redshift-serverless.eu-west-1.amazonaws.com");
  f.config_file("[default]\nendpoint_url = https://4.example\n");
  EXPECT_EQ(f.url(Service::redshift_serverless), "https://4.example");
  f.config_file(
      "[default]\nendpoint_url = https://4.example\nservices = local\n"
      "[services local]\nredshift_serverless =\n  endpoint_url = https://3.example\n");
  EXPECT_EQ(f.url(Service::redshift_serverless), "https://3.example");
  EXPECT_EQ(f.url(Service::sts), "https://4.example") << "the section does not speak of it";
  f.environment.values["AWS_ENDPOINT_URL"] = "https://2.example";
  EXPECT_EQ(f.url(Service::redshift_serverless), "https://2.example");
  f.environment.values["AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS"] = "https://1.example";
  EXPECT_EQ(f.url(Service::redshift_serverless), "https://1.example");
  EXPECT_EQ(f.url(Service::sts), "https://2.example");
}

TEST(ProfileSettings, MayHaveAllConfiguredEndpointsIgnored) {
  Fixture f;
  f.environment.values["AWS_ENDPOINT_URL_STS"] = "https://1.example";
  f.config_file("[default]\nendpoint_url = https://4.example\nignore_configured_endpoint_urls = true\n");
  EXPECT_EQ(f.url(Service::sts), "https://sts.eu-west-1.amazonaws.com");
  f.environment.values["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "false";
  EXPECT_EQ(f.url(Service::sts), "https://1.example");
}

TEST(ProfileSettings, GiveFipsAndDualStackEndpoints) {
  Fixture f;
  f.config_file("[default]\nuse_fips_endpoint = true\nuse_dualstack_endpoint = TRUE\n");
  EXPECT_EQ(f.url(Service::sts, "us-east-1"), "https://sts-fips.us-east-1.api.aws");
  f.environment.values["AWS_USE_DUALSTACK_ENDPOINT"] = "false";
  EXPECT_EQ(f.url(Service::sts, "us-east-1"), "https://sts-fips.us-east-1.amazonaws.com");
}

TEST(ProfileSettings, GiveTheNumberOfAttempts) {
  Fixture f;
  const auto attempts = [&] {
    return make_retry_policy(ProfileSettings(f.environment, f.clock, f.log, {})).max_attempts;
  };
  EXPECT_EQ(attempts(), 3);
  f.config_file("[default]\nretry_mode = legacy\n");
  EXPECT_EQ(attempts(), 5);
  f.environment.values["AWS_RETRY_MODE"] = "standard";
  EXPECT_EQ(attempts(), 3);
  f.config_file("[default]\nmax_attempts = 7\n");
  EXPECT_EQ(attempts(), 7);
}

TEST(ProfileSettings, SayWhereTheInstanceMetadataServiceIs) {
  Fixture f;
  const ProfileSettings settings(f.environment, f.clock, f.log, {});
  InstanceMetadata provider({settings, f.clock, f.http, f.log, f.retry()});
  const auto asked = [&] {
    f.clock.advance(std::chrono::seconds(10));
    const auto got = f.get(provider);
    return got ? f.http.sent().back().url : got.error().message;
  };
  EXPECT_EQ(asked(), "http://169.254.169.254/latest/api/token");
  f.config_file("[default]\nec2_metadata_service_endpoint_mode = IPv6\n");
  EXPECT_EQ(asked(), "http://[fd00:ec2::254]/latest/api/token");
  f.config_file(
      "[default]\nec2_metadata_service_endpoint_mode = IPv6\nec2_metadata_service_endpoint = "
      "http://127.0.0.1:9\n");
  EXPECT_EQ(asked(), "http://127.0.0.1:9/latest/api/token");
  f.config_file("[default]\nec2_metadata_service_endpoint_mode = ipv5\n");
  EXPECT_THAT(asked(), HasSubstr("the profile's setting of that name, is 'ipv5'"));
  f.environment.values["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "ipv4";
  EXPECT_EQ(asked(), "http://169.254.169.254/latest/api/token");
  f.environment.values["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"] = "IPv6x";
  EXPECT_THAT(asked(), HasSubstr("is 'ipv6x'"));
}

}  // namespace
}  // namespace rolegate::aws

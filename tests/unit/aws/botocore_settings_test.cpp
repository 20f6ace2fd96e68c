// Asks botocore what it makes of endpoint and retry settings in variables and profiles, and compares. Without
// it these tests are skipped.

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "aws/credential_providers/run_command.hpp"
#include "aws/endpoints.hpp"
#include "aws/profile_settings.hpp"
#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

struct Scenario {
  std::string name;
  std::string region;
  Variables environment;
  std::string config;
};

std::vector<Scenario> scenarios() {
  const std::string fips = "use_fips_endpoint = true\n";
  const std::string dual = "use_dualstack_endpoint = true\n";
  return {
      {"nothing", "eu-west-1", {}, ""},
      {"china", "cn-north-1", {}, ""},
      {"variables", "us-east-1", {{"AWS_USE_FIPS_ENDPOINT", "true"}, {"AWS_MAX_ATTEMPTS", "7"}}, ""},
      {"profile", "us-east-1", {}, "[default]\n" + fips + "max_attempts = 4\nca_bundle = /ca.pem\n"},
      {"dual_stack", "us-east-1", {}, "[default]\n" + dual},
      {"variable_before_profile",
       "us-east-1",
       {{"AWS_USE_FIPS_ENDPOINT", "false"}, {"AWS_MAX_ATTEMPTS", "2"}, {"AWS_CA_BUNDLE", "/other.pem"}},
       "[default]\n" + fips + "max_attempts = 4\nca_bundle = /ca.pem\n"},
      {"named_profile",
       "us-west-2",
       {{"AWS_PROFILE", "p"}},
       "[default]\nmax_attempts = 4\n[profile p]\n" + fips + "max_attempts = 6\n"},
  };
}

TEST(BotocoreSettings, MeanTheSameHere) {
  const testing::TemporaryFolder root;
  const base::SystemClock clock;
  base::NoLog log;
  std::map<std::string, std::string> ours;
  for (const Scenario& scenario : scenarios()) {
    std::string lines = "REGION=" + scenario.region + "\n";
    for (const auto& [name, value] : scenario.environment) lines += fmt::format("{}={}\n", name, value);
    root.write(scenario.name + "/environment", lines);
    root.write(scenario.name + "/.aws/config", scenario.config);
    Variables variables = scenario.environment;
    variables["HOME"] = root.path(scenario.name);
    const base::FixedEnvironment environment(variables);
    const ProfileSettings settings(environment, clock, log, {});
    ours[scenario.name] =
        fmt::format("{} {} {} {}", *endpoint_url(Service::sts, scenario.region, settings),
                    *endpoint_url(Service::redshift, scenario.region, settings),
                    settings.get_or("AWS_MAX_ATTEMPTS", "None"), settings.get_or("AWS_CA_BUNDLE", "None"));
  }
  const auto ran = run_command(
      {"/usr/bin/python3", ROLEGATE_SOURCE_DIR "/tests/unit/aws/botocore_settings.py", root.path()},
      "botocore", base::Deadline::in(std::chrono::minutes(5)), 64 * 1024);
  if (!ran || ran->exit_status != 0) {
    GTEST_SKIP() << "python3-botocore did not answer: " << (ran ? ran->last_error_line : ran.error().text());
  }
  std::map<std::string, std::string> theirs;
  std::istringstream lines{std::string(ran->output.reveal())};
  for (std::string name, text; std::getline(lines, name, '\t') && std::getline(lines, text);)
    theirs[name] = text;
  EXPECT_EQ(ours, theirs);
}

}  // namespace
}  // namespace rolegate::aws

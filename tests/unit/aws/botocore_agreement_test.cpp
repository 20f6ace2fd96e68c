// Asks botocore itself (Debian's python3-botocore, the users' chain today) which credentials it chooses, and
// compares. Without it these tests are skipped.

#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/chain.hpp"
#include "aws/credential_providers/run_command.hpp"
#include "aws/credential_providers/sso_token.hpp"
#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

constexpr std::string_view kExpiration = "2099-01-01T00:00:00Z";

/// The value of `name` in a form body, as far as these tests need it.
std::string form_value(const std::string& body, const std::string& name) {
  const auto at = body.find(name + "=");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 1;
  return body.substr(begin, body.find('&', begin) - begin);
}

/// Plays every service; the keys it gives out tell where they come from, in the words of botocore_choice.py.
class EveryService final : public HttpClient {
 public:
  base::Result<HttpResponse> send(const HttpRequest& request, base::Deadline) override {
    HttpResponse response;
    response.status = 200;
    if (request.url.starts_with("http://169.254.170.2/")) {
      response.body = metadata("container");
    } else if (request.url.ends_with("/latest/api/token") ||
               request.url.ends_with("/security-credentials/")) {
      response.body = "word";
    } else if (request.url.starts_with("http://169.254.169.254/")) {
      response.body = metadata("imds");
    } else if (request.url.starts_with("https://portal.sso.")) {
      response.body = portal(request.url);
    } else {
      response.body = sts(request);
    }
    return response;
  }

 private:
  static std::string metadata(std::string_view key) {
    return fmt::format(R"({{"AccessKeyId":"{}","SecretAccessKey":"s","Token":"t","Expiration":"{}"}})", key,
                       kExpiration);
  }
  static std::string portal(const std::string& url) {
    const std::string query = url.substr(url.find('?') + 1);
    return fmt::format(
        R"({{"roleCredentials":{{"accessKeyId":"sso-{}-{}","secretAccessKey":"s","sessionToken":"t",)"
        R"("expiration":4070908800000}}}})",
        form_value(query, "account_id"), form_value(query, "role_name"));
  }
  static std::string sts(const HttpRequest& request) {
    const std::string arn = form_value(request.body, "RoleArn");
    const std::string role = arn.substr(arn.rfind("%2F") + 3);
    const std::string token = form_value(request.body, "WebIdentityToken");
    std::string caller;
    for (const auto& [name, value] : request.headers) {
      if (const auto at = value.find("Credential="); at != std::string::npos) {
        caller = value.substr(at + 11, value.find('/', at) - at - 11);
      }
    }
    const std::string key =
        token.empty() ? fmt::format("role-{}-{}", caller, role) : fmt::format("web-{}-{}", token, role);
    const std::string operation = form_value(request.body, "Action");
    return fmt::format(
        "<{0}Response><{0}Result><Credentials><AccessKeyId>{1}</AccessKeyId><SecretAccessKey>s</"
        "SecretAccessKey>"
        "<SessionToken>t</SessionToken><Expiration>{2}</Expiration></Credentials></{0}Result></{0}Response>",
        operation, key, kExpiration);
  }
};

struct Scenario {
  std::string name;
  std::map<std::string, std::string, std::less<>> environment;
  std::string credentials;
  std::string config;
  std::string profile;
  std::string expected;
};

const std::map<std::string, std::string, std::less<>> kEnvironmentKeys{{"AWS_ACCESS_KEY_ID", "AKIAENV"},
                                                                       {"AWS_SECRET_ACCESS_KEY", "s"}};
constexpr std::string_view kCredentials =
    "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n"
    "[p]\naws_access_key_id = AKIAP\naws_secret_access_key = s\n"
    "[q]\naws_access_key_id = AKIAQ\naws_secret_access_key = s\n";

std::string process(std::string_view key) {
  return fmt::format(
      "credential_process = printf '{{\"Version\":1,\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"s\"}}' {}\n",
      key);
}
std::string process_until(std::string_view expiration) {
  return fmt::format(
      "[default]\ncredential_process = printf "
      "'{{\"Version\":1,\"AccessKeyId\":\"ASIATOOL\",\"SecretAccessKey\":"
      "\"s\",\"SessionToken\":\"t\",\"Expiration\":%s}}' '{}'\n",
      expiration);
}
std::string keys(std::string_view key) {
  return fmt::format("aws_access_key_id = {}\naws_secret_access_key = s\n", key);
}

std::map<std::string, std::string, std::less<>> with(
    std::map<std::string, std::string, std::less<>> environment, std::string name, std::string value) {
  environment.insert_or_assign(std::move(name), std::move(value));
  return environment;
}

std::vector<Scenario> scenarios() {
  const std::string both(kCredentials);
  const std::map<std::string, std::string, std::less<>> none;
  const auto web =
      with(with(none, "AWS_WEB_IDENTITY_TOKEN_FILE", "TOKEN"), "AWS_ROLE_ARN", "arn:aws:iam::1:role/pod");
  const auto ecs = with(none, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x");
  const std::string sso =
      "sso_start_url = u\nsso_region = eu-west-1\nsso_account_id = 111111111111\nsso_role_name = r\n";
  const std::string role = "role_arn = arn:aws:iam::1:role/a\n";
  const std::string no_imds = "AWS_EC2_METADATA_DISABLED";
  return {
      {"environment_only", kEnvironmentKeys, "", "", "", "AKIAENV"},
      {"environment_before_files", kEnvironmentKeys, both, "", "", "AKIAENV"},
      {"environment_before_AWS_PROFILE", with(kEnvironmentKeys, "AWS_PROFILE", "p"), both, "", "", "AKIAENV"},
      {"environment_without_secret", with(none, "AWS_ACCESS_KEY_ID", "AKIAENV"), both, "", "", "error"},
      {"explicit_profile_before_environment", kEnvironmentKeys, both, "", "p", "AKIAP"},
      {"default_profile", none, both, "", "", "AKIADEFAULT"},
      {"AWS_PROFILE", with(none, "AWS_PROFILE", "p"), both, "", "", "AKIAP"},
      {"AWS_DEFAULT_PROFILE_before_AWS_PROFILE",
       with(with(none, "AWS_PROFILE", "p"), "AWS_DEFAULT_PROFILE", "q"), both, "", "", "AKIAQ"},
      {"AWS_PROFILE_that_is_missing", with(none, "AWS_PROFILE", "nope"), both, "", "", "error"},
      {"explicit_profile_that_is_missing", none, both, "", "nope", "error"},
      {"credentials_before_config", none, both, "[default]\n" + keys("AKIACONFIG"), "", "AKIADEFAULT"},
      {"config_keys", none, "", "[default]\n" + keys("AKIACONFIG"), "", "AKIACONFIG"},
      {"config_needs_the_word_profile", with(none, no_imds, "true"), "", "[p]\n" + keys("AKIACONFIG"), "p",
       "error"},
      {"quoted_profile_name", none, "", "[profile \"my profile\"]\n" + keys("AKIAMY"), "my profile",
       "AKIAMY"},
      {"profile_default_after_default", none, "",
       "[default]\n" + keys("AKIA1") + "[profile default]\n" + keys("AKIA2"), "", "AKIA2"},
      {"DEFAULT_section", none, "", "[DEFAULT]\n" + keys("AKIACOMMON") + "[profile p]\nregion = x\n", "p",
       "AKIACOMMON"},
      {"process", none, "", "[default]\n" + process("AKIATOOL"), "", "AKIATOOL"},
      {"credentials_before_process", none, both, "[default]\n" + process("AKIATOOL"), "", "AKIADEFAULT"},
      {"process_before_config", none, "", "[default]\n" + keys("AKIACONFIG") + process("AKIATOOL"), "",
       "AKIATOOL"},
      {"process_in_credentials_file", none, "[default]\n" + process("AKIATOOL"),
       "[default]\n" + process("AKIAOTHER"), "", "AKIATOOL"},
      {"process_fails", none, "", "[default]\ncredential_process = false\n" + keys("AKIACONFIG"), "",
       "error"},
      {"role_of_keys", none, both, "[default]\n" + role + "source_profile = p\n", "", "role-AKIAP-a"},
      {"role_before_web_identity", web, both, "[default]\n" + role + "source_profile = p\n", "",
       "role-AKIAP-a"},
      {"role_of_itself", none, both, "[profile p]\n" + role + "source_profile = p\n", "p", "role-AKIAP-a"},
      {"role_of_role", none, both,
       "[default]\n" + role +
           "source_profile = b\n[profile b]\nrole_arn = arn:aws:iam::1:role/b\nsource_profile = q\n",
       "", "role-role-AKIAQ-b-a"},
      {"role_of_process", none, "",
       "[default]\n" + role + "source_profile = b\n[profile b]\n" + process("AKIATOOL"), "",
       "role-AKIATOOL-a"},
      {"role_of_sso", none, "", "[default]\n" + role + "source_profile = b\n[profile b]\n" + sso, "",
       "role-sso-111111111111-r-a"},
      {"role_of_web_identity_profile", none, "",
       "[default]\n" + role +
           "source_profile = b\n[profile b]\nrole_arn = arn:aws:iam::1:role/w\nweb_identity_token_file = "
           "TOKEN\n",
       "", "role-web-jwt-w-a"},
      {"role_of_environment", with(kEnvironmentKeys, "AWS_PROFILE", "p"), "",
       "[profile p]\n" + role + "credential_source = Environment\n", "p", "role-AKIAENV-a"},
      {"role_of_instance", none, "", "[default]\n" + role + "credential_source = Ec2InstanceMetadata\n", "",
       "role-imds-a"},
      {"role_of_container", ecs, "", "[default]\n" + role + "credential_source = EcsContainer\n", "",
       "role-container-a"},
      {"role_in_credentials_file", none, both + "[r]\n" + role + "source_profile = p\n", "", "r",
       "role-AKIAP-a"},
      {"role_loop", none, "",
       "[default]\n" + role + "source_profile = b\n[profile b]\nrole_arn = arn:b\nsource_profile = default\n",
       "", "error"},
      {"role_without_source", none, both, "[default]\n" + role, "", "error"},
      {"role_with_both_sources", none, both,
       "[default]\n" + role + "source_profile = p\ncredential_source = Environment\n", "", "error"},
      {"role_of_missing_profile", none, both, "[default]\n" + role + "source_profile = nope\n", "", "error"},
      {"role_of_empty_profile", none, "",
       "[default]\n" + role + "source_profile = b\n[profile b]\nregion = x\n", "", "error"},
      {"web_identity_before_credentials", web, both, "", "", "web-jwt-pod"},
      {"web_identity_after_environment_keys",
       with(with(web, "AWS_ACCESS_KEY_ID", "AKIAENV"), "AWS_SECRET_ACCESS_KEY", "s"), "", "", "", "AKIAENV"},
      {"web_identity_not_for_explicit_profile", web, both, "", "p", "AKIAP"},
      {"web_identity_with_AWS_PROFILE", with(web, "AWS_PROFILE", "p"), both, "", "", "web-jwt-pod"},
      {"web_identity_without_role", with(none, "AWS_WEB_IDENTITY_TOKEN_FILE", "TOKEN"), both, "", "",
       "error"},
      {"web_identity_of_profile", none, both,
       "[default]\nrole_arn = arn:aws:iam::1:role/w\nweb_identity_token_file = TOKEN\n", "", "web-jwt-w"},
      {"web_identity_role_of_variable_token_of_profile", with(none, "AWS_ROLE_ARN", "arn:aws:iam::1:role/v"),
       "", "[default]\nrole_arn = arn:aws:iam::1:role/w\nweb_identity_token_file = TOKEN\n", "", "web-jwt-v"},
      {"sso_before_credentials", none, both, "[default]\n" + sso, "", "sso-111111111111-r"},
      {"sso_session", none, "",
       "[sso-session s]\nsso_start_url = u\nsso_region = eu-west-1\n[default]\nsso_session = "
       "s\nsso_account_id = 111111111111\n"
       "sso_role_name = r\n",
       "", "sso-111111111111-r"},
      {"sso_lacks_something", none, both, "[default]\nsso_account_id = 111111111111\n", "", "error"},
      {"sso_session_is_missing", none, both,
       "[default]\nsso_session = s\nsso_account_id = 1\nsso_role_name = r\n", "", "error"},
      {"container_after_files", ecs, both, "", "", "AKIADEFAULT"},
      {"container_before_instance", ecs, "", "", "", "container"},
      {"instance_last", none, "", "", "", "imds"},
      {"instance_disabled", with(none, no_imds, "true"), "", "", "", "none"},
      {"profile_without_credentials_goes_on", none, "", "[profile p]\nregion = x\n", "p", "imds"},
      {"broken_credentials_file", none, "[default]\nnonsense\n", "", "", "error"},
      {"section_twice", none, "[default]\n" + keys("AKIA1") + "[default]\n" + keys("AKIA2"), "", "", "error"},
      {"value_twice", none, "[default]\n" + keys("AKIA1") + "aws_access_key_id = AKIA2\n", "", "", "error"},
      {"key_without_secret", none, "[default]\naws_access_key_id = AKIA1\n", "", "", "error"},
      {"colon_upper_case_and_comments", none,
       "; c\n[default]\n# c\nAWS_Access_Key_ID: AKIA1\naws_secret_access_key=s\n", "", "", "AKIA1"},
      {"nested_values_in_between", none, "",
       "[default]\ns3 =\n  aws_access_key_id = AKIANO\n" + keys("AKIA1"), "", "AKIA1"},
      {"half_written_default_goes_on", none, both, "[default]\nsource_profile = p\nsso_session = s\n", "",
       "AKIADEFAULT"},
      {"half_written_default_becomes_the_instance", none, "", "[default]\nsource_profile = p\n", "", "imds"},
      {"expires_in_iso_8601", none, "", process_until("\"2099-01-02T03:04:05Z\""), "", "ASIATOOL"},
      {"expires_with_an_offset", none, "", process_until("\"2099-01-02T03:04:05.5+0100\""), "", "ASIATOOL"},
      {"expires_in_basic_form", none, "", process_until("\"20990102T030405Z\""), "", "ASIATOOL"},
      {"expires_after_a_blank", none, "", process_until("\"2099-01-02 03:04 UTC\""), "", "ASIATOOL"},
      {"expires_in_words", none, "", process_until("\"Fri, 02 Jan 2099 03:04:05 GMT\""), "", "ASIATOOL"},
      {"expires_without_a_zone", none, "", process_until("\"2099-01-02T03:04:05\""), "", "error"},
      {"expires_at_a_number", none, "", process_until("4070995445"), "", "error"},
      {"expires_never", none, "", process_until("\"never\""), "", "error"},
      {"environment_expires_in_words",
       with(kEnvironmentKeys, "AWS_CREDENTIAL_EXPIRATION", "Fri, 02 Jan 2099 03:04:05 GMT"), "", "", "",
       "AKIAENV"},
      {"environment_expires_without_a_zone",
       with(kEnvironmentKeys, "AWS_CREDENTIAL_EXPIRATION", "2099-01-02T03:04:05"), "", "", "", "error"},
      {"instance_mode_unknown", with(none, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv5"), "", "", "",
       "error"},
      {"files_elsewhere",
       with(with(none, "AWS_SHARED_CREDENTIALS_FILE", "~/other"), "AWS_CONFIG_FILE", "~/nowhere"), both, "",
       "", "imds"},
  };
}

class BotocoreAgreement : public ::testing::Test {
 protected:
  void lay_out(Scenario& scenario) {
    const std::string folder = "scenarios/" + scenario.name + "/";
    const std::string token = root_.write(folder + "token", "jwt");
    const auto place = [&](std::string& text) {
      for (auto at = text.find("TOKEN"); at != std::string::npos;
           at = text.find("TOKEN", at + token.size())) {
        const bool is_value = text.size() == 5 || (at >= 2 && text[at - 1] == ' ');
        if (is_value) text.replace(at, 5, token);
      }
    };
    std::string lines;
    for (auto& [name, value] : scenario.environment) {
      place(value);
      lines += fmt::format("{}={}\n", name, value);
    }
    place(scenario.config);
    root_.write(folder + "environment", lines);
    if (!scenario.credentials.empty()) root_.write(folder + ".aws/credentials", scenario.credentials);
    if (!scenario.config.empty()) root_.write(folder + ".aws/config", scenario.config);
    if (!scenario.profile.empty()) root_.write(folder + "profile", scenario.profile);
    for (const char* key : {"u", "s"}) {
      root_.write(folder + ".aws/sso/cache/" + sso_cache_file_name(key),
                  fmt::format(R"({{"accessToken":"t","expiresAt":"{}"}})", kExpiration));
    }
  }

  std::string our_choice(const Scenario& scenario) {
    auto values = scenario.environment;
    values["HOME"] = root_.path("scenarios/" + scenario.name);
    const base::FixedEnvironment environment(values);
    const base::SystemClock clock;
    EveryService http;
    base::NoLog log;
    const auto chain = make_default_chain({environment, clock, http, log}, scenario.profile);
    std::string unused;
    const auto got = chain->get(base::Deadline::in(std::chrono::minutes(1)), unused);
    if (got) return (*got)->access_key_id;
    why_[scenario.name] = got.error().text();
    return got.error().code == "no_credentials" ? "none" : "error";
  }

  testing::TemporaryFolder root_;
  std::map<std::string, std::string> why_;
};

TEST_F(BotocoreAgreement, OnWhatIsChosenInEveryScenario) {
  auto all = scenarios();
  for (Scenario& scenario : all) lay_out(scenario);

  std::map<std::string, std::string> theirs;
  const auto ran = run_command(
      {"/usr/bin/python3", ROLEGATE_SOURCE_DIR "/tests/unit/aws/botocore_choice.py", root_.path("scenarios")},
      "botocore", base::Deadline::in(std::chrono::minutes(5)), 64 * 1024);
  const bool asked = ran && ran->exit_status == 0;
  if (asked) {
    std::istringstream lines{std::string(ran->output.reveal())};
    std::string name;
    std::string choice;
    while (std::getline(lines, name, '\t') && std::getline(lines, choice)) theirs[name] = choice;
  }
  for (const Scenario& scenario : all) {
    const std::string ours = our_choice(scenario);
    EXPECT_EQ(ours, scenario.expected) << scenario.name << ": " << why_[scenario.name];
    if (asked)
      EXPECT_EQ(theirs[scenario.name], ours) << scenario.name << ": botocore chose what stands first";
  }
  if (!asked) {
    GTEST_SKIP() << "only our own choices were checked, python3-botocore did not answer: "
                 << (ran ? ran->last_error_line : ran.error().text());
  }
}

}  // namespace
}  // namespace rolegate::aws

// Every source of the default chain that keeps what it got, and what becomes of that when somebody refuses
// it.

#include <filesystem>
#include <functional>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/chain.hpp"
#include "aws/credential_providers/refreshing_credentials.hpp"
#include "aws/credential_providers/sso_token.hpp"
#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::minutes;

/// A home in which one source has keys, which `gives` changes.
struct Home : testing::ProviderFixture {
  void process_prints(std::string_view key) {
    home.write("keys", fmt::format(R"({{"Version":1,"AccessKeyId":"{}","SecretAccessKey":"s"}})", key));
  }
  [[nodiscard]] std::string process() const {
    return fmt::format("credential_process = cat '{}'\n", home.path("keys"));
  }
};

struct Source {
  const char* name;
  std::function<void(Home&)> set_up;
  std::function<void(Home&, std::string_view key)> gives;
};

const Source kSources[] = {
    {"CredentialProcess", [](Home& h) { h.config_file("[default]\n" + h.process()); },
     [](Home& h, std::string_view key) { h.process_prints(key); }},
    {"Container",
     [](Home& h) { h.environment.values["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/keys"; },
     [](Home& h, std::string_view key) { h.http.answer(200, h.metadata_json(key)); }},
    {"InstanceMetadata", [](Home&) {},
     [](Home& h, std::string_view key) {
       h.http.answer(200, "token");
       h.http.answer(200, "role");
       h.http.answer(200, h.metadata_json(key));
     }},
    {"WebIdentity",
     [](Home& h) {
       h.environment.values["AWS_WEB_IDENTITY_TOKEN_FILE"] = h.home.write("token", "jwt");
       h.environment.values["AWS_ROLE_ARN"] = "arn:aws:iam::111111111111:role/pod";
     },
     [](Home& h, std::string_view key) {
       h.answer_assume_role(key, minutes(60), "AssumeRoleWithWebIdentity");
     }},
    {"Sso",
     [](Home& h) {
       h.config_file(
           "[default]\nsso_start_url = u\nsso_region = eu-west-1\nsso_account_id = 1\nsso_role_name = r\n");
       h.home.write(".aws/sso/cache/" + sso_cache_file_name("u"),
                    R"({"accessToken":"t","expiresAt":"2099-01-01T00:00:00Z"})");
     },
     [](Home& h, std::string_view key) {
       h.http.answer(200, fmt::format(R"({{"roleCredentials":{{"accessKeyId":"{}","secretAccessKey":"s",)"
                                      R"("sessionToken":"t","expiration":4070908800000}}}})",
                                      key));
     }},
    {"RoleOfAProfile",
     [](Home& h) {
       h.process_prints("AKIABASE");
       h.config_file("[default]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = b\n[profile b]\n" +
                     h.process());
     },
     [](Home& h, std::string_view key) { h.answer_assume_role(key); }},
};

class KeptCredentials : public ::testing::TestWithParam<Source> {
 protected:
  void SetUp() override { GetParam().set_up(home_); }
  void source_gives(std::string_view key) { GetParam().gives(home_, key); }
  std::string key() {
    const auto got = home_.get(*chain());
    return got ? (*got)->access_key_id : got.error().text();
  }
  CredentialProvider* chain() {
    if (!chain_) chain_ = make_default_chain(home_.chain());
    return chain_.get();
  }

  Home home_;
  std::unique_ptr<CredentialProvider> chain_;
};

TEST_P(KeptCredentials, AreAskedForAnewAfterARefusalButNotInALoop) {
  source_gives("OLD");
  ASSERT_EQ(key(), "OLD");
  home_.clock.advance(kEarlyRefreshPause);
  source_gives("NEW");
  ASSERT_EQ(key(), "OLD") << "nobody has refused them yet";
  chain()->distrust(Distrust::refused);
  EXPECT_EQ(key(), "NEW");
  source_gives("NEWER");
  chain()->distrust(Distrust::refused);
  EXPECT_EQ(key(), "NEW") << "a moment ago";
  home_.clock.advance(kEarlyRefreshPause);
  EXPECT_EQ(key(), "NEWER");
}

TEST_P(KeptCredentials, AreForgottenAtAReload) {
  source_gives("OLD");
  ASSERT_EQ(key(), "OLD");
  source_gives("NEW");
  chain()->distrust(Distrust::reloaded);
  EXPECT_EQ(key(), "NEW");
}

INSTANTIATE_TEST_SUITE_P(Chain, KeptCredentials, ::testing::ValuesIn(kSources),
                         [](const auto& info) { return info.param.name; });

TEST(RoleOfAProfile, AsksItsSourceAnewWhenStsRefusesTheKeys) {
  Home home;
  home.config_file("[default]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = b\n[profile b]\n" +
                   home.process());
  home.process_prints("AKIAOLD");
  home.answer_assume_role("ASIA1");
  const auto chain = make_default_chain(home.chain());
  ASSERT_EQ((*home.get(*chain))->access_key_id, "ASIA1");
  home.process_prints("AKIANEW");
  home.clock.advance(minutes(14));
  chain->distrust(Distrust::refused);  // the role's session …
  home.clock.advance(minutes(60));     // … which ends meanwhile

  home.process_prints("AKIAOLD");
  ASSERT_FALSE(home.get(*chain)) << "STS does not answer";
  home.clock.advance(minutes(1));
  home.process_prints("AKIANEW");
  home.http.answer(403,
                   "<ErrorResponse><Error><Code>InvalidClientTokenId</Code><Message>No.</Message></Error>"
                   "</ErrorResponse>");
  home.answer_assume_role("ASIA2");
  const auto got = home.get(*chain);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ((*got)->access_key_id, "ASIA2");
  EXPECT_THAT(home.http.sent().back().header("Authorization"), ::testing::HasSubstr("Credential=AKIANEW/"));
}

TEST(KeysReadAtEachCall, AreKnownAsSuch) {
  Home home;
  home.credentials_file("[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\n");
  const auto chain = make_default_chain(home.chain());
  EXPECT_TRUE((*home.get(*chain))->read_anew);
  home.environment.values["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  home.environment.values["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_TRUE((*home.get(*chain))->read_anew);
}

}  // namespace
}  // namespace rolegate::aws

#include "aws/chain.hpp"

#include <memory>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;

/// Answers what it was made with.
class Canned final : public CredentialProvider {
 public:
  enum class Says { nothing, error, credentials };
  Canned(std::string_view name, Says says) : name_(name), says_(says) {}
  std::string_view name() const override { return name_; }
  base::Result<CredentialsPtr> get(base::Deadline, std::string& why_not) override {
    if (says_ == Says::error) return base::fail(CredentialsErrc::credentials_unavailable, "It failed.");
    if (says_ == Says::nothing) {
      why_not = "not set";
      return nullptr;
    }
    auto made = std::make_shared<Credentials>();
    made->access_key_id = std::string(name_);
    return made;
  }

 private:
  std::string_view name_;
  Says says_;
};

template <typename... Providers>
CredentialChain chain_of(Providers... provider) {
  std::vector<std::unique_ptr<CredentialProvider>> providers;
  (providers.push_back(std::make_unique<Canned>(provider)), ...);
  return CredentialChain(std::move(providers));
}

struct Fixture : testing::ProviderFixture {
  std::string key(CredentialProvider& provider) {
    const auto got = get(provider);
    return got ? (*got)->access_key_id : std::string(got.error().code);
  }
};

TEST(CredentialChain, TakesTheFirstThatHasThem) {
  Fixture f;
  auto chain = chain_of(Canned("a", Canned::Says::nothing), Canned("b", Canned::Says::credentials),
                        Canned("c", Canned::Says::credentials));
  EXPECT_EQ(f.key(chain), "b");
}

TEST(CredentialChain, StopsWhereSomethingIsConfiguredAndFails) {
  Fixture f;
  auto chain = chain_of(Canned("a", Canned::Says::error), Canned("b", Canned::Says::credentials));
  const auto got = f.get(chain);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message, "It failed.");
}

TEST(CredentialChain, ListsWhatWasTriedAndWhyEachFailed) {
  Fixture f;
  auto chain = chain_of(Canned("a", Canned::Says::nothing), Canned("b", Canned::Says::nothing));
  const auto got = f.get(chain);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "no_credentials");
  EXPECT_EQ(got.error().message,
            "No AWS credentials were found. Tried, in this order:\n  a: not set\n  b: not set");
}

TEST(DefaultChain, ListsAllOfItsProviders) {
  Fixture f;
  const auto chain = make_default_chain(f.chain());
  const auto got = f.get(*chain);
  ASSERT_FALSE(got);
  const std::string home = f.home.path();
  EXPECT_THAT(got.error().message,
              HasSubstr("No AWS credentials were found. Tried, in this order:\n"
                        "  environment variables: AWS_ACCESS_KEY_ID is not set\n"
                        "  profile with a role: profile 'default' does not exist\n"
                        "  web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set and profile 'default' has no "
                        "web_identity_token_file\n"
                        "  SSO profile: profile 'default' has no sso_account_id and sso_role_name\n"
                        "  credentials file: " +
                        home +
                        "/.aws/credentials: there is no such file\n"
                        "  credential_process: profile 'default' has no credential_process\n"
                        "  config file: " +
                        home +
                        "/.aws/config: there is no such file\n"
                        "  container: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor "
                        "AWS_CONTAINER_CREDENTIALS_FULL_URI is set\n"
                        "  instance metadata (IMDSv2): http://169.254.169.254 does not answer"));
}

TEST(DefaultChain, LeavesTheEnvironmentKeysWhenAProfileIsAskedFor) {
  Fixture f;
  f.environment.values["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  f.environment.values["AWS_SECRET_ACCESS_KEY"] = "s";
  f.environment.values["AWS_EC2_METADATA_DISABLED"] = "true";
  f.config_file("[profile p]\nregion = eu-west-1\n");
  const auto chain = make_default_chain(f.chain(), "p");
  const auto got = f.get(*chain);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message,
              HasSubstr("environment variables: not looked at, because profile 'p' was asked for"));
}

TEST(DefaultChain, NoticesAnEarlierSourceThatAppears) {
  Fixture f;
  f.credentials_file("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n");
  const auto chain = make_default_chain(f.chain());
  EXPECT_EQ(f.key(*chain), "AKIAFILE");
  f.environment.values["AWS_ACCESS_KEY_ID"] = "AKIAENV";
  f.environment.values["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(f.key(*chain), "AKIAENV");
}

TEST(DefaultChain, DoesNotFallThroughToAnotherIdentityWhenSomethingIsBroken) {
  Fixture f;
  f.environment.values["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/";
  f.http.answer(200, f.metadata_json("ASIACONTAINER"));
  f.credentials_file("[default]\nnonsense\n");
  const auto chain = make_default_chain(f.chain());
  EXPECT_EQ(f.key(*chain), "credentials_invalid");
  EXPECT_TRUE(f.http.sent().empty());
}

TEST(DefaultChain, AssumesARoleWithTheCredentialsOfASourceProfileOfAnyKind) {
  Fixture f;
  f.config_file(
      "[default]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = tool\n"
      "[profile tool]\ncredential_process = echo "
      "'{\"Version\":1,\"AccessKeyId\":\"AKIATOOL\",\"SecretAccessKey\":\"s\"}'\n");
  f.answer_assume_role("ASIA1");
  const auto chain = make_default_chain(f.chain());
  EXPECT_EQ(f.key(*chain), "ASIA1");
  EXPECT_THAT(f.http.sent()[0].header("Authorization"), HasSubstr("Credential=AKIATOOL/"));
}

TEST(DefaultChain, TellsNoSecretInItsLogOrErrors) {
  Fixture f;
  f.environment.values["AWS_EC2_METADATA_DISABLED"] = "true";
  f.credentials_file("[default]\naws_access_key_id = AKIA\naws_secret_access_key = hush hush\n");
  const auto chain = make_default_chain(f.chain());
  const auto got = f.get(*chain);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().text() + f.log.text(), ::testing::Not(HasSubstr("hush")));
}

}  // namespace
}  // namespace rolegate::aws

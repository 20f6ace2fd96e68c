#include "aws/chain.hpp"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "aws/api.hpp"
#include "aws/credential_providers/assume_role_profile.hpp"
#include "aws/credential_providers/container.hpp"
#include "aws/credential_providers/credential_process.hpp"
#include "aws/credential_providers/environment_credentials.hpp"
#include "aws/credential_providers/half_written_profile.hpp"
#include "aws/credential_providers/instance_metadata.hpp"
#include "aws/credential_providers/profile_keys.hpp"
#include "aws/credential_providers/shared_files.hpp"
#include "aws/credential_providers/sso.hpp"
#include "aws/credential_providers/web_identity.hpp"

namespace rolegate::aws {
namespace {

using Providers = std::vector<std::unique_ptr<CredentialProvider>>;

/// Asks the providers in order. Nothing when none has credentials; `tried` then has each one's name and
/// reason.
base::Result<CredentialsPtr> first_of(const Providers& providers, base::Deadline deadline,
                                      std::vector<std::string>& tried) {
  for (const auto& provider : providers) {
    std::string why_not;
    auto found = provider->get(deadline, why_not);
    if (!found || *found) return found;
    if (!why_not.empty()) tried.push_back(fmt::format("{}: {}", provider->name(), why_not));
  }
  return nullptr;
}

void distrust_all(const Providers& providers, Distrust why) {
  for (const auto& provider : providers) provider->distrust(why);
}

/// Stands in the chain's list for a provider that does not count, to say why.
class LeftOut final : public CredentialProvider {
 public:
  LeftOut(std::string_view name, std::string why) : name_(name), why_(std::move(why)) {}
  std::string_view name() const override { return name_; }
  base::Result<CredentialsPtr> get(base::Deadline, std::string& why_not) override {
    why_not = why_;
    return nullptr;
  }

 private:
  const std::string_view name_;
  const std::string why_;
};

/// A provider that belongs to somebody else.
class ForeignProvider final : public CredentialProvider {
 public:
  explicit ForeignProvider(CredentialProvider& provider) : provider_(provider) {}
  std::string_view name() const override { return provider_.name(); }
  base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override {
    return provider_.get(deadline, why_not);
  }
  void distrust(Distrust why) override { provider_.distrust(why); }

 private:
  CredentialProvider& provider_;
};

/// The providers of one profile, apart from its role. `named`: as HalfWrittenProfile has it.
Providers providers_of_profile(const ApiContext& context, SharedFiles& files, const std::string& profile,
                               WebIdentity::Variables variables, bool named) {
  Providers providers;
  providers.push_back(std::make_unique<WebIdentity>(context, files, profile, variables));
  providers.push_back(std::make_unique<SsoCredentials>(context, files, profile));
  providers.push_back(std::make_unique<ProfileKeys>(files, profile, ProfileKeys::Where::credentials_file));
  providers.push_back(std::make_unique<CredentialProcess>(files, profile, context.clock, context.log));
  providers.push_back(std::make_unique<ProfileKeys>(files, profile, ProfileKeys::Where::config_file));
  providers.push_back(std::make_unique<HalfWrittenProfile>(files, profile, named));
  return providers;
}

/// What a source_profile's credentials come from: "not configured" is an answer here, not an error.
class SourceProfile final : public CredentialProvider {
 public:
  explicit SourceProfile(Providers providers) : providers_(std::move(providers)) {}
  std::string_view name() const override { return "source profile"; }
  base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override {
    std::vector<std::string> tried;
    auto found = first_of(providers_, deadline, tried);
    why_not = fmt::format("{}", fmt::join(tried, "; "));
    return found;
  }
  void distrust(Distrust why) override { distrust_all(providers_, why); }

 private:
  const Providers providers_;
};

/// The default chain and all that its providers share.
class DefaultChain final : public CredentialProvider {
 public:
  DefaultChain(const ChainContext& context, const std::string& profile)
      : context_{context.environment, context.clock, context.http, context.log,
                 context.retry ? *context.retry : make_retry_policy(context.environment)},
        files_(context.environment, context.clock, context.log),
        environment_(context.environment, context.clock),
        container_(context_),
        instance_metadata_(context_),
        chain_(make_providers(choose_profile(context.environment, profile))) {}

  std::string_view name() const override { return chain_.name(); }
  base::Result<CredentialsPtr> get(base::Deadline deadline, std::string& why_not) override {
    return chain_.get(deadline, why_not);
  }
  void distrust(Distrust why) override { chain_.distrust(why); }

 private:
  Providers make_providers(const ChosenProfile& profile) {
    const auto variables = profile.overrides ? WebIdentity::Variables::ignore : WebIdentity::Variables::read;
    const auto of_profile = [this](const std::string& name) -> std::unique_ptr<CredentialProvider> {
      return std::make_unique<SourceProfile>(
          providers_of_profile(context_, files_, name, WebIdentity::Variables::ignore, true));
    };
    Providers providers;
    if (profile.overrides) {
      providers.push_back(std::make_unique<LeftOut>(
          environment_.name(),
          fmt::format("not looked at, because profile '{}' was asked for", profile.name)));
    } else {
      providers.push_back(std::make_unique<ForeignProvider>(environment_));
    }
    providers.push_back(std::make_unique<AssumeRoleProfile>(
        context_, files_, profile, RoleSources{environment_, container_, instance_metadata_, of_profile}));
    for (auto& provider : providers_of_profile(context_, files_, profile.name, variables, profile.required)) {
      providers.push_back(std::move(provider));
    }
    providers.push_back(std::make_unique<ForeignProvider>(container_));
    providers.push_back(std::make_unique<ForeignProvider>(instance_metadata_));
    return providers;
  }

  const ApiContext context_;
  SharedFiles files_;
  EnvironmentCredentials environment_;
  ContainerCredentials container_;
  InstanceMetadata instance_metadata_;
  CredentialChain chain_;
};

}  // namespace

CredentialChain::CredentialChain(std::vector<std::unique_ptr<CredentialProvider>> providers)
    : providers_(std::move(providers)) {}

base::Result<CredentialsPtr> CredentialChain::get(base::Deadline deadline, std::string&) {
  std::vector<std::string> tried;
  auto found = first_of(providers_, deadline, tried);
  if (!found || *found) return found;
  return base::fail(
      CredentialsErrc::no_credentials,
      fmt::format("No AWS credentials were found. Tried, in this order:\n  {}", fmt::join(tried, "\n  ")),
      "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a profile with AWS_PROFILE, or run "
      "where a role is attached (EC2, ECS, EKS).");
}

void CredentialChain::distrust(Distrust why) { distrust_all(providers_, why); }

std::unique_ptr<CredentialProvider> make_default_chain(const ChainContext& context,
                                                       const std::string& profile) {
  return std::make_unique<DefaultChain>(context, profile);
}

}  // namespace rolegate::aws

#include "aws/credential_providers/assume_role_profile.hpp"

#include <ranges>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "aws/credential_providers/credential_fields.hpp"
#include "aws/credential_providers/sts_region.hpp"

namespace rolegate::aws {
namespace {

/// Profiles that have ever taken part; more than that and all start anew, so that files cannot grow the
/// process.
constexpr std::size_t kMaxKept = 256;

/// Some of those that there are; in both files counts once.
std::string listed(const Profiles& profiles) {
  constexpr std::size_t kListed = 20;
  const auto names = profiles.names();
  const std::set<std::string_view> distinct(names.begin(), names.end());
  if (distinct.empty()) return "There are none.";
  std::string text;
  for (const std::string_view name : distinct | std::views::take(kListed))
    text += fmt::format("{}{}", text.empty() ? "There are " : ", ", name);
  return text + (distinct.size() > kListed ? fmt::format(" and {} more.", distinct.size() - kListed) : ".");
}

base::Error no_such_profile(const Profiles& profiles, const ChosenProfile& chosen) {
  std::string hint = missing_profile_hint(profiles, chosen.name);
  if (hint.empty()) {
    hint = fmt::format("{}{}", chosen.overrides ? "" : "AWS_DEFAULT_PROFILE or AWS_PROFILE names it. ",
                       listed(profiles));
  }
  return base::make_error(CredentialsErrc::credentials_invalid,
                          fmt::format("There is no profile '{}' in {} or {}.", chosen.name,
                                      profiles.config_file().path, profiles.credentials_file().path),
                          std::move(hint));
}

}  // namespace

AssumeRoleProfile::Kept::Kept(const base::Clock& clock, base::Log& log, const std::string& profile)
    : role(clock, log, fmt::format("the role of profile '{}'", profile)) {}

AssumeRoleProfile::AssumeRoleProfile(const ApiContext& context, SharedFiles& files, ChosenProfile profile,
                                     RoleSources sources)
    : context_(context),
      sts_(context),
      files_(files),
      profile_(std::move(profile)),
      sources_(std::move(sources)) {}

base::Result<CredentialsPtr> AssumeRoleProfile::get(base::Deadline deadline, std::string& why_not) {
  const auto profiles = files_.current();
  if (!profiles) return std::unexpected(profiles.error());
  const ProfileView profile = (*profiles)->profile(profile_.name);
  if (!profile.exists() && profile_.required) return std::unexpected(no_such_profile(**profiles, profile_));
  if (!has_role(profile)) {
    why_not = fmt::format("profile '{}' {}", profile_.name,
                          profile.exists() ? "has no role_arn" : "does not exist");
    return nullptr;
  }
  const auto plan = plan_role(**profiles, profile_.name);
  if (!plan) return std::unexpected(plan.error());
  return role(**profiles, *plan, 0, deadline);
}

std::shared_ptr<AssumeRoleProfile::Kept> AssumeRoleProfile::kept(const std::string& profile) {
  const std::lock_guard lock(mutex_);
  if (kept_.size() >= kMaxKept && !kept_.contains(profile)) kept_.clear();
  auto& slot = kept_[profile];
  if (!slot) {
    slot = std::make_shared<Kept>(context_.clock, context_.log, profile);
    slot->source = sources_.of_profile(profile);
  }
  return slot;
}

base::Result<CredentialsPtr> AssumeRoleProfile::role(const Profiles& profiles, const RolePlan& plan,
                                                     std::size_t step, base::Deadline deadline) {
  const RoleStep& wanted = plan.steps[step];
  const auto fetch = [&](base::Deadline limit, std::string&) -> base::Result<CredentialsPtr> {
    // Asked only now: while this role's session is good, nobody needs what is below it.
    const auto base = below(profiles, plan, step, limit);
    if (!base) return base;
    const AssumeRoleRequest request{
        wanted.role_arn, wanted.role_session_name, wanted.external_id, wanted.duration,
        sts_region(context_.environment, profiles.profile(profile_.name), wanted.role_arn)};
    auto credentials = sts_.assume_role(request, **base, limit);
    if (!credentials && may_be_the_keys(credentials.error())) {
      distrust_below(plan, step);
      const auto other = below(profiles, plan, step, limit);
      if (other && *other != *base) credentials = sts_.assume_role(request, **other, limit);
    }
    if (!credentials) return credentials;
    return with_provider(**credentials, fmt::format("profile '{}' ({})", wanted.profile, wanted.role_arn));
  };
  std::string unused;
  const auto state = kept(wanted.profile);
  return state->role.get(plan.key(step), deadline, unused, fetch);
}

base::Result<CredentialsPtr> AssumeRoleProfile::below(const Profiles& profiles, const RolePlan& plan,
                                                      std::size_t step, base::Deadline deadline) {
  return step + 1 < plan.steps.size() ? role(profiles, plan, step + 1, deadline) : source(plan, deadline);
}

void AssumeRoleProfile::distrust(Distrust why) {
  std::vector<std::shared_ptr<Kept>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [profile, state] : kept_) all.push_back(state);
  }
  for (const auto& state : all) {
    state->role.distrust(why);
    state->source->distrust(why);
  }
}

void AssumeRoleProfile::distrust_below(const RolePlan& plan, std::size_t step) {
  for (std::size_t next = step + 1; next < plan.steps.size(); ++next) {
    kept(plan.steps[next].profile)->role.distrust(Distrust::refused);
  }
  if (plan.source == RoleSource::profile) {
    kept(plan.source_profile)->source->distrust(Distrust::refused);
  } else {
    provider_of(plan.source).distrust(Distrust::refused);
  }
}

CredentialProvider& AssumeRoleProfile::provider_of(RoleSource source) {
  if (source == RoleSource::environment) return sources_.environment;
  return source == RoleSource::container ? sources_.container : sources_.instance_metadata;
}

base::Result<CredentialsPtr> AssumeRoleProfile::source(const RolePlan& plan, base::Deadline deadline) {
  const std::string& wanting = plan.steps.back().profile;
  std::string why_not;
  const auto none = [&](std::string_view where, std::string_view why) {
    return base::fail(
        CredentialsErrc::credentials_unavailable,
        fmt::format("Profile '{}' takes the credentials for its role from {}, which has none: {}.", wanting,
                    where, why));
  };
  if (plan.source == RoleSource::profile) {
    const auto state = kept(plan.source_profile);
    auto found = state->source->get(deadline, why_not);
    if (found && !*found) return none(fmt::format("profile '{}'", plan.source_profile), why_not);
    return found;
  }
  CredentialProvider& provider = provider_of(plan.source);
  auto found = provider.get(deadline, why_not);
  if (found && !*found) return none(provider.name(), why_not);
  return found;
}

}  // namespace rolegate::aws

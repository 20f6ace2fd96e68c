#include "aws/credential_providers/role_plan.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "aws/credential_providers/sts_region.hpp"
#include "base/printable.hpp"
#include "base/role_session_name.hpp"

namespace rolegate::aws {
namespace {

bool has_keys(const ProfileView& profile) {
  return profile.has("aws_access_key_id") || profile.has("aws_secret_access_key");
}

base::Result<RoleStep> read_step(const ProfileView& profile) {
  if (profile.has("mfa_serial")) {
    return profile_invalid(
        profile, "mfa_serial",
        "has an mfa_serial; MFA is not supported, because nobody is there to type a code",
        "Use a role that does not ask for MFA, or a credential_process that has done it before.");
  }
  RoleStep step;
  step.profile = std::string(profile.name());
  step.role_arn = profile.get_or("role_arn", {});
  if (!step.role_arn.starts_with("arn:")) {
    return profile_invalid(profile, "role_arn", "has a role_arn that is no ARN",
                           "It looks like arn:aws:iam::222222222222:role/NAME.");
  }
  step.external_id = profile.get_or("external_id", {});
  step.role_session_name = profile.get_or("role_session_name", kDefaultSessionName);
  if (!base::is_role_session_name(step.role_session_name)) {
    return profile_invalid(profile, "role_session_name", "has a role_session_name that AWS does not take",
                           std::string(kSessionNameHint));
  }
  if (const auto text = profile.get("duration_seconds")) {
    long seconds = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
    if (error != std::errc() || end != text->data() + text->size() || seconds < 900 || seconds > 43200) {
      return profile_invalid(profile, "duration_seconds",
                             "has a duration_seconds that is no number from 900 to 43200");
    }
    step.duration = std::chrono::seconds(seconds);
  }
  return step;
}

std::optional<RoleSource> source_named(std::string_view name) {
  if (name == "Environment") return RoleSource::environment;
  if (name == "Ec2InstanceMetadata") return RoleSource::instance_metadata;
  if (name == "EcsContainer") return RoleSource::container;
  return std::nullopt;
}

/// Checks that `source` may be the source_profile of the last of `visited`.
std::optional<base::Error> complaint(const Profiles& profiles, const ProfileView& profile,
                                     const std::string& source, const std::vector<std::string>& visited) {
  const ProfileView next = profiles.profile(source);
  if (!next.exists()) {
    return profile_invalid(
               profile, "source_profile",
               fmt::format("names the source_profile '{}', which does not exist", base::quotable(source)),
               missing_profile_hint(profiles, source))
        .error();
  }
  const bool seen = std::ranges::find(visited, source) != visited.end();
  // A profile may name itself when it has keys of its own to assume its role with.
  if (!seen || (source == visited.back() && has_keys(next))) return std::nullopt;
  return profile_invalid(profile, "source_profile",
                         fmt::format("closes a loop: {} -> {}", fmt::join(visited, " -> "), source),
                         "One of them must have keys, a credential_source or another way to credentials.")
      .error();
}

}  // namespace

bool has_role(const ProfileView& profile) {
  return profile.has("role_arn") && !profile.has("web_identity_token_file");
}

base::Result<RolePlan> plan_role(const Profiles& profiles, const std::string& profile_name) {
  RolePlan plan;
  std::vector<std::string> visited{profile_name};
  for (;;) {
    const ProfileView profile = profiles.profile(visited.back());
    auto step = read_step(profile);
    if (!step) return std::unexpected(std::move(step.error()));
    plan.steps.push_back(*std::move(step));

    const auto source_profile = profile.get("source_profile");
    const auto credential_source = profile.get("credential_source");
    if (source_profile && credential_source) {
      return profile_invalid(profile, "credential_source", "has both source_profile and credential_source",
                             "Keep one of them.");
    }
    if (!source_profile && !credential_source) {
      return profile_invalid(profile, "role_arn",
                             "has a role_arn, but neither source_profile nor credential_source",
                             "One of them says whose credentials assume the role.");
    }
    if (credential_source) {
      const auto source = source_named(*credential_source);
      if (!source) {
        return profile_invalid(profile, "credential_source", "has a credential_source that is not known",
                               "Environment, Ec2InstanceMetadata and EcsContainer are.");
      }
      plan.source = *source;
      return plan;
    }
    const std::string source(*source_profile);
    if (auto problem = complaint(profiles, profile, source, visited))
      return std::unexpected(*std::move(problem));
    const ProfileView next = profiles.profile(source);
    if (has_keys(next) || !has_role(next)) {
      plan.source_profile = source;
      plan.source_key_id = next.get_or("aws_access_key_id", {});
      return plan;
    }
    visited.push_back(source);
  }
}

std::string RolePlan::key(std::size_t from) const {
  std::string text = fmt::format("{}\n{}\n{}", static_cast<int>(source), source_profile, source_key_id);
  for (std::size_t i = from; i < steps.size(); ++i) {
    const RoleStep& step = steps[i];
    text += fmt::format("\n{}\n{}\n{}\n{}\n{}", step.profile, step.role_arn, step.external_id,
                        step.role_session_name, step.duration.count());
  }
  return text;
}

}  // namespace rolegate::aws

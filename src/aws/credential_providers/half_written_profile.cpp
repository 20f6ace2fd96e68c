#include "aws/credential_providers/half_written_profile.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace rolegate::aws {
namespace {

/// A key that says where credentials come from, and what it cannot do without.
constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kNeeds{{
    {"aws_access_key_id", "an aws_access_key_id and an aws_secret_access_key with values"},
    {"aws_secret_access_key", "an aws_access_key_id"},
    {"aws_session_token", "an aws_access_key_id and an aws_secret_access_key"},
    {"aws_security_token", "an aws_access_key_id and an aws_secret_access_key"},
    {"credential_process", "a credential_process with a value"},
    {"role_arn", "a source_profile, a credential_source or a web_identity_token_file"},
    {"web_identity_token_file", "a web_identity_token_file with a value, and a role_arn"},
    {"source_profile", "a role_arn"},
    {"credential_source", "a role_arn"},
    {"sso_session", "an sso_account_id and an sso_role_name"},
    {"sso_start_url", "an sso_account_id and an sso_role_name"},
    {"sso_region", "an sso_account_id and an sso_role_name"},
    {"external_id", "a role_arn"},
    {"role_session_name", "a role_arn"},
    {"mfa_serial", "a role_arn"},
}};

/// `aws login`'s cache holds keys of a quarter of an hour, which only its own refresh token and private key
/// renew.
base::Error login_not_supported(const ProfileView& profile) {
  return base::make_error(
      CredentialsErrc::credentials_invalid,
      fmt::format("{}: profile '{}' has a login_session, and what `aws login` keeps is not read here.",
                  profile.place("login_session"), profile.name()),
      fmt::format("Give another profile the line: credential_process = aws configure export-credentials "
                  "--profile {} --format process",
                  profile.name()));
}

}  // namespace

base::Result<CredentialsPtr> HalfWrittenProfile::get(base::Deadline, std::string& why_not) {
  const auto profiles = files_.current();
  if (!profiles) return std::unexpected(profiles.error());
  const ProfileView profile = (*profiles)->profile(profile_);
  if (profile.has("login_session")) return std::unexpected(login_not_supported(profile));
  for (const auto& [key, needed] : kNeeds) {
    if (!profile.has(key)) continue;
    if (named_) {
      return base::fail(CredentialsErrc::credentials_invalid,
                        fmt::format("{}: profile '{}' has {}, but not {}, so that it gives no credentials.",
                                    profile.place(key), profile_, key, needed),
                        "Complete the profile, or choose another one.");
    }
    why_not = fmt::format("profile '{}' has {}, but not {}", profile_, key, needed);
    return nullptr;
  }
  return nullptr;
}

}  // namespace rolegate::aws

#include "aws/credential_providers/profile_keys.hpp"

#include <utility>

#include <fmt/format.h>

namespace rolegate::aws {

base::Result<CredentialsPtr> ProfileKeys::get(base::Deadline, std::string& why_not) {
  const auto profiles = files_.current();
  if (!profiles) return std::unexpected(profiles.error());
  const bool in_credentials = where_ == Where::credentials_file;
  const ProfileFile& file = in_credentials ? (*profiles)->credentials_file() : (*profiles)->config_file();
  const IniSection* section =
      in_credentials ? (*profiles)->in_credentials(profile_) : (*profiles)->in_config(profile_);
  if (section == nullptr) {
    why_not = file.missing.empty() ? fmt::format("{} has no profile '{}'", file.path, profile_)
                                   : fmt::format("{}: {}", file.path, file.missing);
    return nullptr;
  }
  // This file's view alone: what the other one says of the profile is the other provider's.
  const ProfileView view(profile_, in_credentials ? &file : nullptr, in_credentials ? section : nullptr,
                         in_credentials ? nullptr : &file, in_credentials ? nullptr : section);
  const auto access_key_id = view.get("aws_access_key_id");
  if (!access_key_id) {
    why_not = fmt::format("profile '{}' in {} has no aws_access_key_id", profile_, file.path);
    return nullptr;
  }
  const auto secret = view.get("aws_secret_access_key");
  if (!secret) {
    return base::fail(CredentialsErrc::credentials_invalid,
                      fmt::format("{}: profile '{}' has an aws_access_key_id, but no aws_secret_access_key.",
                                  view.place("aws_access_key_id"), profile_),
                      "Add the one that belongs to it.");
  }
  CredentialFields fields;
  fields.access_key_id = std::string(*access_key_id);
  fields.secret_access_key = base::Secret(*secret);
  // botocore's order: the old name first.
  auto token = view.get("aws_security_token");
  if (!token) token = view.get("aws_session_token");
  if (token) fields.session_token = base::Secret(*token);
  return unchanged_.make(std::move(fields), std::string(*access_key_id),
                         fmt::format("profile '{}' ({})", profile_, file.path));
}

}  // namespace rolegate::aws

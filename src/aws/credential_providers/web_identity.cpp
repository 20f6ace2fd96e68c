#include "aws/credential_providers/web_identity.hpp"

#include <utility>

#include <fmt/format.h>

#include "aws/credential_providers/credential_fields.hpp"
#include "aws/credential_providers/sts_region.hpp"
#include "base/file.hpp"
#include "base/role_session_name.hpp"
#include "base/secret.hpp"

namespace rolegate::aws {
namespace {

/// STS takes at most 20,000 characters (API reference of AssumeRoleWithWebIdentity).
constexpr std::size_t kMaxToken = 20'000;

base::Result<std::string> read_token(const std::string& path) {
  auto token = base::read_file(path, kMaxToken + 16);
  if (!token) {
    return base::fail(CredentialsErrc::credentials_unavailable,
                      fmt::format("The web identity token is missing: {}", token.error().message),
                      "AWS_WEB_IDENTITY_TOKEN_FILE or the profile's web_identity_token_file names the file.");
  }
  while (!token->empty() && (token->back() == '\n' || token->back() == '\r' || token->back() == ' ')) {
    token->pop_back();
  }
  if (token->empty()) {
    return base::fail(CredentialsErrc::credentials_unavailable,
                      fmt::format("The web identity token file {} is empty.", path), {}, true);
  }
  return token;
}

}  // namespace

WebIdentity::WebIdentity(const ApiContext& context, SharedFiles& files, std::string profile,
                         Variables variables)
    : context_(context),
      sts_(context),
      files_(files),
      profile_(std::move(profile)),
      variables_(variables),
      kept_(context.clock, context.log, "web identity") {}

std::string WebIdentity::setting(const ProfileView& profile, std::string_view variable,
                                 std::string_view key) const {
  if (variables_ == Variables::read) {
    if (auto value = context_.environment.get(variable)) return *std::move(value);
  }
  return profile.get_or(key, {});
}

base::Result<CredentialsPtr> WebIdentity::get(base::Deadline deadline, std::string& why_not) {
  const auto profiles = files_.current();
  if (!profiles) return std::unexpected(profiles.error());
  const ProfileView profile = (*profiles)->profile(profile_);
  const std::string path = setting(profile, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
  if (path.empty()) {
    why_not = fmt::format("{}profile '{}' has no web_identity_token_file",
                          variables_ == Variables::read ? "AWS_WEB_IDENTITY_TOKEN_FILE is not set and " : "",
                          profile_);
    return nullptr;
  }
  const std::string role_arn = setting(profile, "AWS_ROLE_ARN", "role_arn");
  if (role_arn.empty()) {
    return base::fail(
        CredentialsErrc::credentials_invalid,
        fmt::format("There is a web identity token file ({}), but no role to assume with it.", path),
        "Set AWS_ROLE_ARN, or role_arn in the profile.");
  }
  std::string session_name = setting(profile, "AWS_ROLE_SESSION_NAME", "role_session_name");
  if (session_name.empty()) session_name = kDefaultSessionName;
  if (!base::is_role_session_name(session_name)) {
    return base::fail(CredentialsErrc::credentials_invalid,
                      "AWS_ROLE_SESSION_NAME, or the profile's role_session_name, is none that AWS takes.",
                      std::string(kSessionNameHint));
  }
  const std::string region = sts_region(context_.environment, profile, role_arn);

  const std::string key = fmt::format("{}\n{}\n{}\n{}", path, role_arn, session_name, region);
  return kept_.get(key, deadline, why_not,
                   [&](base::Deadline limit, std::string&) -> base::Result<CredentialsPtr> {
                     auto token = read_token(path);
                     if (!token) return std::unexpected(std::move(token.error()));
                     WebIdentityRequest request{role_arn, session_name, region, {}};
                     const base::WipeAtEnd wipe_request(request.token);
                     const base::WipeAtEnd wipe_token(*token);
                     request.token = *token;
                     auto credentials = sts_.assume_role_with_web_identity(request, limit);
                     if (!credentials) return credentials;
                     return with_provider(**credentials, fmt::format("web identity ({})", role_arn));
                   });
}

}  // namespace rolegate::aws

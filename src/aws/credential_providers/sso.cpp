#include "aws/credential_providers/sso.hpp"

#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "aws/credential_providers/credential_fields.hpp"
#include "aws/credential_providers/credentials_json.hpp"
#include "aws/credential_providers/secret_json.hpp"
#include "aws/credential_providers/sso_token.hpp"
#include "base/file.hpp"
#include "base/iso8601.hpp"
#include "base/percent_encoding.hpp"
#include "base/printable.hpp"

namespace rolegate::aws {
namespace {

/// What the portal said, word for word. The type may be followed by a colon and a URL.
base::AwsAnswer portal_words(const HttpResponse& answer) {
  base::AwsAnswer words;
  words.service = std::string(signing_name(Service::sso));
  words.operation = "GetRoleCredentials";
  std::string_view type = answer.header("x-amzn-ErrorType");
  words.code = base::quotable(type.substr(0, type.find(':')), 128);
  words.request_id = base::quotable(answer.header("x-amzn-RequestId"), 128);
  words.http_status = answer.status;
  if (const auto body = parse_secret_json(answer.body))
    words.message = base::quotable(string_member(*body, "message"), 512);
  return words;
}

base::Error portal_refusal(const SsoSettings& settings, const HttpResponse& answer,
                           const std::string& login) {
  base::Error error;
  error.aws = portal_words(answer);
  const std::string asked = fmt::format("role '{}' in account {}", base::quotable(settings.role_name),
                                        base::quotable(settings.account_id));
  if (answer.status == 401) {
    error.code = code_name(CredentialsErrc::credentials_expired);
    error.message =
        fmt::format("IAM Identity Center did not accept the cached login when asked for {}.", asked);
    error.hint = login;
    return error;
  }
  error.code = code_name(CredentialsErrc::credentials_unavailable);
  error.message = fmt::format("IAM Identity Center gave no credentials for {} (HTTP status {}){}{}", asked,
                              answer.status, error.aws->message.empty() ? "." : ": ", error.aws->message);
  error.retryable = answer.status >= 500 || answer.status == 429;
  if (answer.status == 403 || answer.status == 404) {
    error.hint = "Is that role (permission set) assigned to you in that account? `aws sso` lists what is.";
  }
  return error;
}

}  // namespace

base::Result<SsoSettings> read_sso_settings(const Profiles& profiles, const ProfileView& profile) {
  const IniSection* session = nullptr;
  SsoSettings settings;
  if (const auto name = profile.get("sso_session")) {
    settings.session = std::string(*name);
    session = profiles.sso_session(settings.session);
    if (session == nullptr) {
      return profile_invalid(
          profile, "sso_session",
          fmt::format("refers to the sso-session '{}', which does not exist", base::quotable(*name)),
          fmt::format("{} needs a section [sso-session {}].", profiles.config_file().path,
                      base::quotable(*name)));
    }
  }
  const std::array<std::pair<std::string_view, std::string*>, 4> wanted{
      {{"sso_start_url", &settings.start_url},
       {"sso_region", &settings.region},
       {"sso_account_id", &settings.account_id},
       {"sso_role_name", &settings.role_name}}};
  std::vector<std::string_view> missing;
  for (const auto& [key, value] : wanted) {
    *value = profile.get_or(key, {});
    if (session != nullptr) {
      const auto found = session->values.find(key);
      const auto shared = found == session->values.end() ? std::string_view{} : found->second.text.reveal();
      if (!shared.empty() && !value->empty() && *value != shared) {
        return profile_invalid(profile, key,
                               fmt::format("contradicts its sso-session '{}' in {}", settings.session, key),
                               "Leave it to the session.");
      }
      if (!shared.empty()) *value = std::string(shared);
    }
    if (value->empty()) missing.push_back(key);
  }
  if (!missing.empty()) {
    return profile_invalid(profile, "sso_account_id",
                           fmt::format("lacks {} for SSO", fmt::join(missing, ", ")),
                           "`aws configure sso` writes all of them.");
  }
  return settings;
}

SsoCredentials::SsoCredentials(const ApiContext& context, SharedFiles& files, std::string profile)
    : context_(context),
      files_(files),
      profile_(std::move(profile)),
      kept_(context.clock, context.log, fmt::format("SSO profile '{}'", profile_)) {}

std::string SsoCredentials::login_hint() const {
  return fmt::format("Log in with: aws sso login{}", profile_ == "default" ? "" : " --profile " + profile_);
}

base::Result<CredentialsPtr> SsoCredentials::get(base::Deadline deadline, std::string& why_not) {
  const auto profiles = files_.current();
  if (!profiles) return std::unexpected(profiles.error());
  const ProfileView profile = (*profiles)->profile(profile_);
  if (!profile.has("sso_account_id") && !profile.has("sso_role_name")) {
    why_not = fmt::format("profile '{}' has no sso_account_id and sso_role_name", profile_);
    return nullptr;
  }
  const auto settings = read_sso_settings(**profiles, profile);
  if (!settings) return std::unexpected(settings.error());
  const std::string key = fmt::format("{}\n{}\n{}\n{}", settings->cache_key(), settings->region,
                                      settings->account_id, settings->role_name);
  return kept_.get(key, deadline, why_not,
                   [&](base::Deadline limit, std::string&) { return fetch(*settings, limit); });
}

base::Result<CredentialsPtr> SsoCredentials::fetch(const SsoSettings& settings,
                                                   base::Deadline deadline) const {
  const std::string path = fmt::format("{}/.aws/sso/cache/{}", home_directory(context_.environment),
                                       sso_cache_file_name(settings.cache_key()));
  auto text = base::read_file(path);
  if (!text) {
    return base::fail(CredentialsErrc::credentials_expired,
                      text.error().is(base::FileErrc::not_found)
                          ? fmt::format("Profile '{}' has no cached SSO login at {}.", profile_,
                                        base::quotable(settings.start_url))
                          : fmt::format("The cached SSO login of profile '{}' at {} is of no use: {}",
                                        profile_, base::quotable(settings.start_url), text.error().message),
                      login_hint());
  }
  const base::WipeAtEnd wipe(*text);
  const auto token = parse_sso_token(*text);
  if (!token) {
    return base::fail(CredentialsErrc::credentials_invalid, fmt::format("{} holds no SSO login.", path),
                      login_hint(),
                      true);  // it may just be written
  }
  if (token->expires_at <= context_.clock.now()) {
    return base::fail(CredentialsErrc::credentials_expired,
                      fmt::format("The SSO login of profile '{}' expired at {}.", profile_,
                                  base::format_iso8601(token->expires_at)),
                      login_hint());
  }
  const auto endpoint = endpoint_url(Service::sso, settings.region, context_.environment);
  if (!endpoint) return std::unexpected(endpoint.error());
  const auto attempt = [&]() -> base::Result<CredentialsPtr> {
    HttpRequest request;
    request.method = "GET";
    request.url =
        fmt::format("{}/federation/credentials?role_name={}&account_id={}", *endpoint,
                    base::percent_encode(settings.role_name), base::percent_encode(settings.account_id));
    request.headers.emplace_back("x-amz-sso_bearer_token", token->access_token.reveal());
    const auto answer = context_.http.send(request, deadline);
    if (!answer) return std::unexpected(answer.error());
    if (answer->status != 200) return std::unexpected(portal_refusal(settings, *answer, login_hint()));
    auto fields = parse_role_credentials(answer->body, "IAM Identity Center");
    if (!fields) return std::unexpected(std::move(fields.error()));
    return make_credentials(
        *std::move(fields), fmt::format("sso:{}:{}", settings.account_id, settings.role_name),
        fmt::format("profile '{}' (SSO role {} in {})", profile_, settings.role_name, settings.account_id));
  };
  return with_retries<CredentialsPtr>(context_.retry, deadline, attempt);
}

}  // namespace rolegate::aws

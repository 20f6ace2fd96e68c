#include "aws/credential_providers/credential_fields.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace rolegate::aws {
namespace {

/// Far above what AWS hands out (a session token is 1–4 KB), far below what would hurt.
constexpr std::size_t kMaxLength = 16 * 1024;

bool is_visible(char c) { return c > 0x20 && c < 0x7F; }

/// An access key id stands in `Credential=ID/20260102/…, …` of the Authorization header.
bool is_key_character(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.';
}

/// What is wrong with the value, or nothing.
std::string_view complaint(std::string_view value, bool (*allowed)(char)) {
  if (value.empty()) return "is empty";
  if (value.size() > kMaxLength) return "is longer than 16 KiB";
  if (!std::ranges::all_of(value, allowed)) {
    return "has a character that none has (a blank, a quote or a stray line end?)";
  }
  return {};
}

base::Result<std::shared_ptr<Credentials>> made_of(CredentialFields fields, std::string identity,
                                                   std::string provider) {
  const auto refuse = [&](std::string_view what, std::string_view why) {
    return base::fail(CredentialsErrc::credentials_invalid,
                      fmt::format("{}: the {} {}.", provider, what, why),
                      "Copy it anew; the three values belong together.");
  };
  if (const auto why = complaint(fields.access_key_id, is_key_character); !why.empty()) {
    return refuse("access key id", why);
  }
  if (const auto why = complaint(fields.secret_access_key.reveal(), is_visible); !why.empty()) {
    return refuse("secret access key", why);
  }
  if (!fields.session_token.empty()) {
    if (const auto why = complaint(fields.session_token.reveal(), is_visible); !why.empty()) {
      return refuse("session token", why);
    }
  }
  auto made = std::make_shared<Credentials>();
  made->access_key_id = std::move(fields.access_key_id);
  made->secret_access_key = std::move(fields.secret_access_key);
  made->session_token = std::move(fields.session_token);
  made->expires_at = fields.expires_at;
  made->identity = std::move(identity);
  made->provider = std::move(provider);
  return made;
}

}  // namespace

base::Result<CredentialsPtr> make_credentials(CredentialFields fields, std::string identity,
                                              std::string provider) {
  return made_of(std::move(fields), std::move(identity), std::move(provider));
}

CredentialsPtr with_provider(const Credentials& credentials, std::string provider) {
  auto made = std::make_shared<Credentials>();
  made->access_key_id = credentials.access_key_id;
  made->secret_access_key = credentials.secret_access_key.copy();
  made->session_token = credentials.session_token.copy();
  made->expires_at = credentials.expires_at;
  made->identity = credentials.identity;
  made->provider = std::move(provider);
  return made;
}

base::Result<CredentialsPtr> UnchangedCredentials::make(CredentialFields fields, std::string identity,
                                                        std::string provider) {
  const std::lock_guard lock(mutex_);
  if (last_ && last_->access_key_id == fields.access_key_id && last_->identity == identity &&
      last_->provider == provider && last_->expires_at == fields.expires_at &&
      last_->secret_access_key.equals(fields.secret_access_key.reveal()) &&
      last_->session_token.equals(fields.session_token.reveal())) {
    return last_;
  }
  auto made = made_of(std::move(fields), std::move(identity), std::move(provider));
  if (!made) return std::unexpected(std::move(made.error()));
  (*made)->read_anew = true;
  return last_ = *std::move(made);
}

}  // namespace rolegate::aws

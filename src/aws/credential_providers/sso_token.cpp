#include "aws/credential_providers/sso_token.hpp"

#include <array>
#include <stdexcept>
#include <utility>

#include <boost/json/value.hpp>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "aws/credential_providers/expiration.hpp"
#include "aws/credential_providers/secret_json.hpp"
#include "base/sha256.hpp"

namespace rolegate::aws {
namespace {

/// Year 9999 in milliseconds: what lies behind is no time but a mistake, and would overflow arithmetic.
constexpr std::int64_t kLatest = 253'402'300'799'000;

}  // namespace

std::string sso_cache_file_name(std::string_view key) {
  // SHA-1 names a file here, as the AWS CLI has it; it protects nothing.
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(key.data(), key.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL could not compute SHA-1");
  }
  return base::hex(std::span(digest.data(), size)) + ".json";
}

std::optional<SsoToken> parse_sso_token(std::string_view text) {
  const auto object = parse_secret_json(text);
  if (!object) return std::nullopt;
  SsoToken token;
  token.access_token = base::Secret(string_member(*object, "accessToken"));
  // Early versions of AWS CLI 2 wrote "2020-06-17T05:14:41UTC".
  const auto time = parse_expiration(string_member(*object, "expiresAt"));
  if (!time || token.access_token.empty()) return std::nullopt;
  token.expires_at = *time;
  return token;
}

base::Result<CredentialFields> parse_role_credentials(std::string_view text, std::string_view source) {
  const auto refuse = [&](std::string_view what) {
    return base::fail(CredentialsErrc::credentials_invalid, fmt::format("{} {}.", source, what));
  };
  const auto object = parse_secret_json(text);
  if (!object) return refuse("did not answer with a JSON object");
  const boost::json::value* member = object->if_contains("roleCredentials");
  if (member == nullptr || !member->is_object()) return refuse("answered without roleCredentials");
  const boost::json::object& given = member->get_object();
  CredentialFields fields;
  fields.access_key_id = std::string(string_member(given, "accessKeyId"));
  fields.secret_access_key = base::Secret(string_member(given, "secretAccessKey"));
  fields.session_token = base::Secret(string_member(given, "sessionToken"));
  const boost::json::value* expiration = given.if_contains("expiration");
  const std::int64_t* milliseconds = expiration != nullptr ? expiration->if_int64() : nullptr;
  if (milliseconds == nullptr || *milliseconds < 0 || *milliseconds > kLatest) {
    return refuse("answered without an expiration");
  }
  if (fields.session_token.empty()) return refuse("answered without a sessionToken");
  fields.expires_at = base::WallTime(std::chrono::milliseconds(*milliseconds));
  return fields;
}

}  // namespace rolegate::aws

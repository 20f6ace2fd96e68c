#include "aws/credential_providers/credentials_json.hpp"

#include <cstddef>
#include <utility>

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "aws/credential_providers/expiration.hpp"
#include "aws/credential_providers/secret_json.hpp"
#include "base/printable.hpp"

namespace rolegate::aws {
namespace {

std::unexpected<base::Error> refuse(std::string_view source, std::string_view what,
                                    std::string_view hint = {}) {
  return base::fail(CredentialsErrc::credentials_invalid, fmt::format("{} {}.", source, what),
                    std::string(hint));
}

struct Names {
  std::string_view token;
  bool temporary;  ///< token and expiration are always there
};

base::Result<CredentialsDocument> read(const boost::json::object& object, std::string_view source,
                                       Names names) {
  CredentialsDocument document;
  document.fields.access_key_id = std::string(string_member(object, "AccessKeyId"));
  document.fields.secret_access_key = base::Secret(string_member(object, "SecretAccessKey"));
  document.fields.session_token = base::Secret(string_member(object, names.token));
  document.account_id = base::quotable(string_member(object, "AccountId"), 64);
  document.role_arn = base::quotable(string_member(object, "RoleArn"), 2048);
  if (document.fields.access_key_id.empty()) return refuse(source, "gave JSON without an AccessKeyId");
  if (document.fields.secret_access_key.empty()) return refuse(source, "gave JSON without a SecretAccessKey");
  if (names.temporary && document.fields.session_token.empty()) {
    return refuse(source, fmt::format("gave JSON without a {}", names.token));
  }
  const boost::json::value* expiration = object.if_contains("Expiration");
  if (expiration != nullptr && !expiration->is_null()) {
    // An expiry that cannot be read must not become one that never comes.
    document.fields.expires_at = parse_expiration(string_member(object, "Expiration"));
    if (!document.fields.expires_at) {
      return refuse(source, "gave an Expiration that is not a time",
                    "It looks like 2026-01-02T03:04:05Z, and says its zone.");
    }
  } else if (names.temporary) {
    return refuse(source, "gave JSON without an Expiration");
  }
  return document;
}

}  // namespace

base::Result<CredentialsDocument> parse_process_output(std::string_view text, std::string_view source) {
  const auto object = parse_secret_json(text);
  if (!object)
    return refuse(source, "did not print one JSON object", "What else it has to say belongs on stderr.");
  const boost::json::value* version = object->if_contains("Version");
  if (version == nullptr || !version->is_number() || version->to_number<double>() != 1.0) {
    return refuse(source,
                  version == nullptr ? "printed JSON without a Version" : "printed JSON of another Version",
                  "\"Version\": 1 is the one there is.");
  }
  return read(*object, source, {"SessionToken", false});
}

base::Result<CredentialsDocument> parse_metadata_answer(std::string_view text, std::string_view source) {
  const auto object = parse_secret_json(text);
  if (!object) return refuse(source, "did not answer with a JSON object");
  const auto code = string_member(*object, "Code");
  if (!code.empty() && code != "Success") {
    return base::fail(CredentialsErrc::credentials_unavailable,
                      fmt::format("{} has no credentials: {}: {}", source, base::quotable(code, 64),
                                  base::quotable(string_member(*object, "Message"))));
  }
  return read(*object, source, {"Token", true});
}

}  // namespace rolegate::aws

#include "aws/credential_providers/instance_metadata.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "aws/credential_providers/credential_fields.hpp"
#include "aws/credential_providers/credentials_json.hpp"
#include "aws/url.hpp"
#include "base/ascii.hpp"
#include "base/printable.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::seconds;

constexpr std::string_view kRolePath = "/latest/meta-data/iam/security-credentials/";
/// Seconds. One renewal is a matter of milliseconds; nothing keeps the token longer.
constexpr std::string_view kTokenLifetime = "60";

/// A whole number from 1 to `most`, else `otherwise`.
int number(const base::Environment& environment, std::string_view name, int most, int otherwise) {
  const auto text = environment.get(name);
  int value = 0;
  if (!text ||
      std::from_chars(text->data(), text->data() + text->size(), value).ptr != text->data() + text->size()) {
    return otherwise;
  }
  return value >= 1 && value <= most ? value : otherwise;
}

base::Result<std::string> endpoint(const base::Environment& environment) {
  const std::string mode =
      base::lower_case(environment.get_or("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ipv4"));
  if (mode != "ipv4" && mode != "ipv6") {
    return base::fail(
        CredentialsErrc::credentials_invalid,
        fmt::format("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE, or the profile's setting of that name, "
                    "is '{}'.",
                    base::quotable(mode, 32)),
        "IPv4 and IPv6 are the modes there are.");
  }
  std::string url = mode == "ipv6" ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  if (auto given = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT")) {
    const auto parsed = parse_url(*given);
    if (!parsed || !parsed->query.empty()) {
      return base::fail(CredentialsErrc::credentials_invalid,
                        "AWS_EC2_METADATA_SERVICE_ENDPOINT is not an http(s) URL.",
                        "It looks like http://169.254.169.254.");
    }
    url = *std::move(given);
  }
  while (url.ends_with('/')) url.pop_back();
  return url;
}

/// Role names are [\w+=,.@-] (IAM's CreateRole), and this one becomes part of a path.
bool is_role_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").contains(c);
  };
  return !name.empty() && name.size() <= 128 && std::ranges::all_of(name, allowed);
}

base::Error unexpected_status(const std::string& endpoint_url, std::string_view what, int status) {
  return base::make_error(
      CredentialsErrc::credentials_unavailable,
      fmt::format("The instance metadata service {} answered with HTTP status {} when asked for {}.",
                  endpoint_url, status, what),
      {}, status >= 500 || status == 429);
}

}  // namespace

/// One round of requests: token, role, credentials.
struct InstanceMetadata::Session {
  const ApiContext& context;
  const std::string& endpoint;
  base::Deadline deadline;
  base::Secret token;

  [[nodiscard]] base::Result<HttpResponse> ask(std::string_view method, std::string_view path) const {
    const int timeout =
        number(context.environment, "AWS_METADATA_SERVICE_TIMEOUT", 60, int(kMetadataTimeout.count()));
    const int tries = number(context.environment, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", 10, kMetadataTries);
    for (int n = 1;; ++n) {
      HttpRequest request;
      request.method = std::string(method);
      request.url = endpoint + std::string(path);
      request.use_proxy = false;
      if (token.empty()) {
        request.headers.emplace_back("x-aws-ec2-metadata-token-ttl-seconds", kTokenLifetime);
      } else {
        request.headers.emplace_back("x-aws-ec2-metadata-token", token.reveal());
      }
      auto answer = context.http.send(request, deadline.within(seconds(timeout)));
      const bool again = answer ? answer->status >= 500 : answer.error().retryable;
      if (!again || n >= tries || deadline.passed()) return answer;
    }
  }
};

InstanceMetadata::InstanceMetadata(const ApiContext& context)
    : context_(context), kept_(context.clock, context.log, "instance metadata (IMDSv2)") {}

base::Result<CredentialsPtr> InstanceMetadata::get(base::Deadline deadline, std::string& why_not) {
  const std::string disabled = context_.environment.get_or("AWS_EC2_METADATA_DISABLED", "false");
  if (disabled == "true" || disabled == "TRUE" || disabled == "True") {
    why_not = "AWS_EC2_METADATA_DISABLED is true";
    return nullptr;
  }
  const auto url = endpoint(context_.environment);
  if (!url) return std::unexpected(url.error());
  return kept_.get(*url, deadline, why_not,
                   [&](base::Deadline limit, std::string& reason) { return fetch(*url, limit, reason); });
}

base::Result<CredentialsPtr> InstanceMetadata::fetch(const std::string& endpoint_url, base::Deadline deadline,
                                                     std::string& why_not) const {
  Session session{context_, endpoint_url, deadline, {}};
  const auto nothing_there = [&](const base::Error& error) {
    why_not = fmt::format(
        "{} does not answer ({}); in a container on EC2 that is what a hop limit of 1 looks like "
        "(aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2)",
        endpoint_url, base::quotable(error.message));
    return nullptr;
  };
  const auto token = session.ask("PUT", "/latest/api/token");
  if (!token) return nothing_there(token.error());
  if (token->status == 403) {
    why_not = fmt::format("{} refuses (HTTP status 403): the instance metadata service is turned off",
                          endpoint_url);
    return nullptr;
  }
  const bool printable = std::ranges::all_of(token->body, [](char c) { return c > 0x20 && c < 0x7F; });
  if (token->status >= 500) return std::unexpected(unexpected_status(endpoint_url, "a token", token->status));
  if (token->status != 200 || token->body.empty() || !printable) {
    why_not =
        fmt::format("{} gives no token (HTTP status {}); is that an IMDSv2?", endpoint_url, token->status);
    return nullptr;
  }
  session.token = base::Secret(token->body);

  const auto roles = session.ask("GET", kRolePath);
  if (!roles) return std::unexpected(roles.error());
  if (roles->status == 404) {
    why_not = fmt::format("{} answers, but no role is attached to this instance", endpoint_url);
    return nullptr;
  }
  if (roles->status != 200)
    return std::unexpected(unexpected_status(endpoint_url, "the role's name", roles->status));
  const std::string role = roles->body.substr(0, roles->body.find_first_of("\r\n"));
  if (!is_role_name(role)) {
    return base::fail(
        CredentialsErrc::credentials_invalid,
        fmt::format("The instance metadata service {} gave a role name that is none.", endpoint_url));
  }

  const auto answer = session.ask("GET", std::string(kRolePath) + role);
  if (!answer) return std::unexpected(answer.error());
  if (answer->status != 200)
    return std::unexpected(unexpected_status(endpoint_url, "credentials", answer->status));
  auto document =
      parse_metadata_answer(answer->body, fmt::format("The instance metadata service {}", endpoint_url));
  if (!document) return std::unexpected(std::move(document.error()));
  return make_credentials(std::move(document->fields), "imds:" + role, fmt::format("instance role {}", role));
}

}  // namespace rolegate::aws

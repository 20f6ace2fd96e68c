#include "aws/credential_providers/container.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include "aws/credential_providers/credential_fields.hpp"
#include "aws/credential_providers/credentials_json.hpp"
#include "aws/url.hpp"
#include "base/file.hpp"
#include "base/printable.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::seconds;

/// As botocore: the endpoint is on this machine, but it may be busy.
constexpr seconds kTryLimit{2};
constexpr std::string_view kEcsEndpoint = "http://169.254.170.2";

bool is_ecs_or_eks(std::string_view host) {
  if (host == "169.254.170.2" || host == "169.254.170.23") return true;
  in6_addr given{};
  in6_addr eks{};
  ::inet_pton(AF_INET6, "fd00:ec2::23", &eks);
  return ::inet_pton(AF_INET6, std::string(host).c_str(), &given) == 1 && IN6_ARE_ADDR_EQUAL(&given, &eks);
}

/// The value of the Authorization header; empty: none is sent.
base::Result<base::Secret> authorization(const base::Environment& environment) {
  base::Secret token;
  std::string_view origin = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
  if (const auto path = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    origin = "The file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    auto text = base::read_file(*path, 64 * 1024);
    if (!text) {
      return base::fail(CredentialsErrc::credentials_unavailable,
                        fmt::format("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {}", text.error().message), {},
                        true);
    }
    token = base::Secret::take(*std::move(text));
  } else if (auto value = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
    token = base::Secret::take(*std::move(value));
  }
  // A line end would start another header.
  const auto printable = [](char c) { return c >= 0x20 && c < 0x7F; };
  if (!std::ranges::all_of(token.reveal(), printable)) {
    return base::fail(CredentialsErrc::credentials_invalid,
                      fmt::format("{} has a line end or another character that no header may have.", origin));
  }
  return token;
}

/// What the endpoint says in its own words: ECS answers {"code": …, "message": …}, EKS with plain text.
base::Error refusal(const std::string& subject, const HttpResponse& answer) {
  return base::make_error(
      CredentialsErrc::credentials_unavailable,
      fmt::format("{} answered with HTTP status {}: {}", subject, answer.status, base::quotable(answer.body)),
      {}, answer.status >= 500 || answer.status == 429);
}

}  // namespace

bool container_url_allowed(std::string_view url) {
  const auto parsed = parse_url(url);
  if (!parsed) return false;
  return parsed->scheme == "https" || is_loopback(parsed->host) || is_ecs_or_eks(parsed->host);
}

ContainerCredentials::ContainerCredentials(const ApiContext& context)
    : context_(context), kept_(context.clock, context.log, "container") {}

base::Result<CredentialsPtr> ContainerCredentials::get(base::Deadline deadline, std::string& why_not) {
  const auto relative = context_.environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = context_.environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative && !full) {
    why_not = "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set";
    return nullptr;
  }
  if (relative && !relative->starts_with('/')) {
    return base::fail(CredentialsErrc::credentials_invalid,
                      "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with '/'.",
                      "ECS sets it; leave it as it is.");
  }
  const std::string url = relative ? std::string(kEcsEndpoint) + *relative : *full;
  if (!container_url_allowed(url)) {
    return base::fail(
        CredentialsErrc::credentials_invalid,
        fmt::format(
            "{} is not a URL that credentials may be asked from.",
            relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" : "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        "Over plain http only a loopback address, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23] are.");
  }
  return kept_.get(url, deadline, why_not,
                   [&](base::Deadline limit, std::string&) { return fetch(url, limit); });
}

base::Result<CredentialsPtr> ContainerCredentials::fetch(const std::string& url,
                                                         base::Deadline deadline) const {
  // The path is not told: on ECS it is all that one needs to know to get the task's keys.
  const std::string subject = fmt::format("The container credentials endpoint {}", parse_url(url)->authority);
  const auto attempt = [&]() -> base::Result<CredentialsPtr> {
    auto token = authorization(context_.environment);
    if (!token) return std::unexpected(std::move(token.error()));
    HttpRequest request;
    request.method = "GET";
    request.url = url;
    request.headers.emplace_back("Accept", "application/json");
    if (!token->empty()) request.headers.emplace_back("Authorization", token->reveal());
    request.use_proxy = false;
    const auto answer = context_.http.send(request, deadline.within(kTryLimit));
    if (!answer) {
      base::Error error = answer.error();
      error.message = fmt::format("{} does not answer: {}", subject, error.message);
      return std::unexpected(std::move(error));
    }
    if (answer->status != 200) return std::unexpected(refusal(subject, *answer));
    auto document = parse_metadata_answer(answer->body, subject);
    if (!document) return std::unexpected(std::move(document.error()));
    const std::string& whose = document->role_arn.empty() ? document->account_id : document->role_arn;
    std::string identity = whose.empty() ? std::string("container") : "container:" + whose;
    return make_credentials(std::move(document->fields), std::move(identity), "container");
  };
  return with_retries<CredentialsPtr>(context_.retry, deadline, attempt);
}

}  // namespace rolegate::aws

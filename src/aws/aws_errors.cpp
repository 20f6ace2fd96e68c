#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "aws/answer_text.hpp"
#include "aws/api.hpp"
#include "base/arn.hpp"
#include "base/printable.hpp"

// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html, API_AssumeRole.html,
// API_AssumeRoleWithWebIdentity.html;
// https://docs.aws.amazon.com/redshift/latest/APIReference/CommonErrors.html;
// https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/CommonErrors.html

namespace rolegate::aws {
namespace {

struct CodeRule {
  std::string_view aws_code;
  ApiErrc code;
};

constexpr auto kCodes = std::to_array<CodeRule>({
    {"AccessDenied", ApiErrc::access_denied},
    {"AccessDeniedException", ApiErrc::access_denied},
    {"ForbiddenException", ApiErrc::access_denied},
    {"UnauthorizedOperation", ApiErrc::access_denied},
    {"ExpiredToken", ApiErrc::expired_token},
    {"ExpiredTokenException", ApiErrc::expired_token},
    {"UnauthorizedException", ApiErrc::expired_token},
    {"InvalidClientTokenId", ApiErrc::invalid_access_key},
    {"UnrecognizedClientException", ApiErrc::invalid_access_key},
    {"SignatureDoesNotMatch", ApiErrc::signature_mismatch},
    {"InvalidSignatureException", ApiErrc::signature_mismatch},
    {"IncompleteSignature", ApiErrc::signature_mismatch},
    {"IncompleteSignatureException", ApiErrc::signature_mismatch},
    {"RequestExpired", ApiErrc::signature_mismatch},
    {"InvalidIdentityToken", ApiErrc::invalid_identity_token},
    {"IDPRejectedClaim", ApiErrc::invalid_identity_token},
    {"MalformedPolicyDocument", ApiErrc::malformed_policy},
    {"PackedPolicyTooLarge", ApiErrc::policy_too_large},
    {"RegionDisabledException", ApiErrc::region_disabled},
    {"OptInRequired", ApiErrc::region_disabled},
    {"Throttling", ApiErrc::throttled},
    {"ThrottlingException", ApiErrc::throttled},
    {"ThrottledException", ApiErrc::throttled},
    {"RequestThrottled", ApiErrc::throttled},
    {"RequestThrottledException", ApiErrc::throttled},
    {"RequestLimitExceeded", ApiErrc::throttled},
    {"TooManyRequestsException", ApiErrc::throttled},
    {"BandwidthLimitExceeded", ApiErrc::throttled},
    {"SlowDown", ApiErrc::throttled},
    {"ValidationError", ApiErrc::validation_failed},
    {"ValidationException", ApiErrc::validation_failed},
    {"InvalidParameterValue", ApiErrc::validation_failed},
    {"InvalidParameterCombination", ApiErrc::validation_failed},
    {"InvalidRequestException", ApiErrc::validation_failed},
    {"MissingParameter", ApiErrc::validation_failed},
    {"UnsupportedOperation", ApiErrc::validation_failed},
    {"ClusterNotFound", ApiErrc::cluster_not_found},
    {"ClusterNotFoundFault", ApiErrc::cluster_not_found},
    {"ServiceUnavailable", ApiErrc::service_unavailable},
    {"ServiceUnavailableException", ApiErrc::service_unavailable},
    {"InternalFailure", ApiErrc::service_unavailable},
    {"InternalError", ApiErrc::service_unavailable},
    {"InternalServerException", ApiErrc::service_unavailable},
    {"RequestTimeout", ApiErrc::service_unavailable},
    {"RequestTimeoutException", ApiErrc::service_unavailable},
    {"IDPCommunicationError", ApiErrc::service_unavailable},
});

bool is_assume_role(const CallSubject& subject) { return subject.operation.starts_with("AssumeRole"); }
bool is_web_identity(const CallSubject& subject) { return subject.operation == "AssumeRoleWithWebIdentity"; }

ApiErrc code_of(const CallSubject& subject, int status, std::string_view aws_code,
                std::string_view aws_message) {
  const auto* const rule = std::ranges::find(kCodes, aws_code, &CodeRule::aws_code);
  if (rule != kCodes.end()) {
    if (rule->code == ApiErrc::access_denied && is_assume_role(subject)) return ApiErrc::assume_role_denied;
    // The text is the only thing that tells this limit from other validation errors.
    if (rule->code == ApiErrc::validation_failed && aws_message.contains("role chaining"))
      return ApiErrc::role_chaining_limit;
    return rule->code;
  }
  if (aws_code == "ResourceNotFoundException" && subject.service == "redshift-serverless")
    return ApiErrc::workgroup_not_found;
  if (status == 429) return ApiErrc::throttled;
  if (status >= 500) return ApiErrc::service_unavailable;
  const bool redirect = status >= 300 && status < 400;
  return aws_code.empty() || redirect ? ApiErrc::unexpected_answer : ApiErrc::aws_refused;
}

std::string_view or_else(std::string_view text, std::string_view otherwise) {
  return text.empty() ? otherwise : text;
}

/// "User: ARN is not authorized to perform: ACTION on resource: ARN because …"; what a message does not say
/// is empty.
struct Denial {
  std::string_view user;
  std::string_view action;
  std::string_view resource;
};

std::string_view word_after(std::string_view text, std::string_view label) {
  const auto at = text.find(label);
  if (at == std::string_view::npos) return {};
  std::string_view word = text.substr(at + label.size());
  word = word.substr(0, word.find(' '));
  while (word.ends_with('.') || word.ends_with(',')) word.remove_suffix(1);
  return word;
}

Denial read_denial(std::string_view aws_message) {
  Denial denial{word_after(aws_message, "User: "), word_after(aws_message, "to perform: "),
                word_after(aws_message, "on resource: ")};
  if (!denial.user.starts_with("arn:")) denial.user = {};
  return denial;
}

/// Whom a policy has to name: the role itself rather than one session of it
/// ("arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION").
std::string principal(std::string_view text) {
  constexpr std::string_view kSession = "assumed-role/";
  const auto arn = base::read_arn(text);
  if (!arn || arn->service != "sts" || !arn->resource.starts_with(kSession)) return std::string(text);
  std::string_view name = arn->resource.substr(kSession.size());
  name = name.substr(0, name.find('/'));
  return fmt::format("arn:{}:iam::{}:role/{}", arn->partition, arn->account, name);
}

/// The caller's ARN as AWS named it, else the role at the end of an identity
/// ("AKIA…:arn:aws:iam::ACCOUNT:role/NAME"), else words: an access key id is nobody that a policy could name.
std::string caller_of(const CallSubject& subject, const Denial& denial) {
  if (!denial.user.empty()) return principal(denial.user);
  const auto arn = subject.caller.rfind("arn:");
  if (arn != std::string_view::npos) return std::string(subject.caller.substr(arn));
  return "the caller (aws sts get-caller-identity prints its ARN)";
}

std::string assume_role_denied_hint(const CallSubject& subject, std::string_view aws_message) {
  const auto role = or_else(subject.resource, "the role");
  if (is_web_identity(subject)) {
    return fmt::format(
        "The trust policy of {} must allow sts:AssumeRoleWithWebIdentity for the identity provider that "
        "issued the "
        "token, and its conditions must match the token's aud and sub.",
        role);
  }
  const std::string caller = caller_of(subject, read_denial(aws_message));
  return fmt::format(
      "The trust policy of {0} must allow {1}; if it has an sts:ExternalId condition, it must equal the "
      "configured "
      "external_id{2}. {1} also needs sts:AssumeRole on {0} in a policy of its own.",
      role, caller, subject.external_id_sent ? "" : " (none is configured, so none was sent)");
}

std::string access_denied_hint(const CallSubject& subject, std::string_view aws_message) {
  if (aws_message.contains("explicit deny")) {
    return "A policy denies this explicitly (the message names its kind); no further permission overrides "
           "that.";
  }
  const Denial denial = read_denial(aws_message);
  std::string caller = caller_of(subject, denial);
  if (caller.starts_with('t')) caller.front() = 'T';
  const std::string_view resource = or_else(denial.resource, subject.resource);
  return fmt::format("{} needs {}{}{}.", caller,
                     denial.action.empty() ? fmt::format("{}:{}", subject.service, subject.operation)
                                           : std::string(denial.action),
                     resource.empty() ? "" : " for ", resource);
}

std::string expired_hint(const CallSubject& subject) {
  if (is_web_identity(subject)) {
    return "The web identity token has expired: whatever writes AWS_WEB_IDENTITY_TOKEN_FILE has to renew it.";
  }
  if (subject.service == "sso") return "Log in again: aws sso login.";
  return "Renew the credentials of the caller; copied temporary credentials do not renew themselves.";
}

std::string validation_hint(const CallSubject& subject, std::string_view aws_message) {
  if (aws_message.contains("MaxSessionDuration")) {
    return fmt::format("Lower session_duration, or raise the maximum session duration of {}.",
                       or_else(subject.resource, "the role"));
  }
  return "The message above names the value that AWS does not take.";
}

std::string hint_of(ApiErrc code, const CallSubject& subject, int status, std::string_view aws_message) {
  switch (code) {
    case ApiErrc::assume_role_denied:
      return assume_role_denied_hint(subject, aws_message);
    case ApiErrc::access_denied:
      return access_denied_hint(subject, aws_message);
    case ApiErrc::expired_token:
      return expired_hint(subject);
    case ApiErrc::invalid_access_key:
      return "The access key does not exist or is disabled, its session token is missing or another's, or it "
             "is of "
             "another partition, or the region is one that its account has not enabled.";
    case ApiErrc::signature_mismatch:
      return "Either the secret access key does not belong to the access key, or this machine's clock is "
             "wrong: "
             "compare it with a time server.";
    case ApiErrc::invalid_identity_token:
      return "AWS must be able to verify the token: the account needs an OIDC identity provider for its "
             "issuer, with "
             "its audience.";
    case ApiErrc::malformed_policy:
      return "The session policy is at fault, not the role ARN.";
    case ApiErrc::policy_too_large:
      return "The session policies and tags together are too large; shorten them.";
    case ApiErrc::region_disabled:
      return fmt::format(
          "Enable {} in the account's settings (STS has to be active there), or use a region that is "
          "enabled.",
          or_else(subject.region, "the region"));
    case ApiErrc::throttled:
      return "Too many requests were made; wait before the next.";
    case ApiErrc::validation_failed:
      return validation_hint(subject, aws_message);
    case ApiErrc::role_chaining_limit:
      return "Set session_duration to 3600 or less: the caller is a role itself, and a chained role gets an "
             "hour at most.";
    case ApiErrc::cluster_not_found:
      return fmt::format(
          "Check cluster_identifier, and that the cluster is in {} and in the account of the role.",
          or_else(subject.region, "the region"));
    case ApiErrc::workgroup_not_found:
      return fmt::format(
          "Check workgroup_name, and that the workgroup is in {} and in the account of the role.",
          or_else(subject.region, "the region"));
    case ApiErrc::service_unavailable:
      return "This is a fault on AWS's side; try again.";
    case ApiErrc::aws_refused:
      return fmt::format("The words are AWS's own; its reference of {} explains the code.",
                         subject.operation);
    default:
      break;
  }
  return status >= 300 && status < 400
             ? "Redirects are not followed; check AWS_ENDPOINT_URL."
             : "Check the endpoint (AWS_ENDPOINT_URL) and the proxy, if there is one.";
}

std::string sentence(ApiErrc code, const CallSubject& subject, int status, std::string_view aws_code,
                     std::string_view aws_message) {
  const std::string call = fmt::format("{}:{}{}{}", subject.service, subject.operation,
                                       subject.resource.empty() ? "" : " for ", subject.resource);
  if (aws_code.empty()) return fmt::format("{} got HTTP status {} and no AWS error with it.", call, status);
  const std::string_view stop = aws_message.empty() || aws_message.ends_with('.') ? "" : ".";
  const std::string_view verb =
      code == ApiErrc::throttled || code == ApiErrc::service_unavailable ? "failed" : "was refused";
  return fmt::format("{} {} with {}{}{}{}", call, verb, aws_code, aws_message.empty() ? "." : ": ",
                     aws_message, stop);
}

}  // namespace

base::Error aws_error(const CallSubject& subject, int http_status, std::string_view aws_code,
                      std::string_view aws_message, std::string_view request_id) {
  base::AwsAnswer answer{.service = std::string(subject.service),
                         .operation = std::string(subject.operation),
                         .code = base::quotable(aws_code, kLongestQuote),
                         .message = base::quotable(aws_message, kLongestQuote),
                         .request_id = base::quotable(request_id, kLongestQuote),
                         .http_status = http_status};
  const ApiErrc code = code_of(subject, http_status, answer.code, answer.message);
  // STS's words when the identity provider did not answer it in time.
  const bool provider_silent =
      code == ApiErrc::invalid_identity_token && answer.message.contains("retrieve verification key");
  const bool retryable = code == ApiErrc::throttled || code == ApiErrc::service_unavailable ||
                         http_status >= 500 || provider_silent;
  auto error = base::make_error(code, sentence(code, subject, http_status, answer.code, answer.message),
                                hint_of(code, subject, http_status, answer.message), retryable);
  error.aws = std::move(answer);
  return error;
}

bool may_be_the_keys(const base::Error& error) {
  constexpr std::array kCodesOfKeys{ApiErrc::access_denied, ApiErrc::assume_role_denied,
                                    ApiErrc::expired_token, ApiErrc::invalid_access_key,
                                    ApiErrc::signature_mismatch};
  return std::ranges::any_of(kCodesOfKeys, [&](ApiErrc code) { return error.is(code); });
}

}  // namespace rolegate::aws

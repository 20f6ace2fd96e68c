#pragma once

#include <string>
#include <string_view>

#include "aws/credentials.hpp"
#include "aws/endpoints.hpp"
#include "aws/http.hpp"
#include "aws/retry.hpp"
#include "base/clock.hpp"
#include "base/environment.hpp"
#include "base/log.hpp"

namespace rolegate::aws {

/// What the service clients (sts.hpp, redshift.hpp) stand on. The referents outlive
/// them.
struct ApiContext {
  const base::Environment& environment;
  const base::Clock& clock;
  HttpClient& http;
  base::Log& log;
  RetryPolicy retry;
};

/// Codes of errors that AWS services answer with; each AWS code of its own gets a sentence and a hint of its
/// own (aws_errors.cpp). The stable names are these, in snake case.
enum class ApiErrc {
  assume_role_denied,
  access_denied,
  expired_token,
  invalid_access_key,
  signature_mismatch,
  invalid_identity_token,
  malformed_policy,
  policy_too_large,
  region_disabled,
  throttled,
  validation_failed,
  role_chaining_limit,
  cluster_not_found,
  workgroup_not_found,
  endpoint_not_ready,  ///< the cluster or workgroup exists, but has no address (being created, paused)
  service_unavailable,
  aws_refused,  ///< with a code that nothing more is known of
  unexpected_answer,
  endpoint_invalid,
  http_timeout,
  http_connect,
  http_tls,
  http_failed,
};
[[nodiscard]] std::string_view code_name(ApiErrc code);

/// What a call was about, for the sentences and hints of errors.
struct CallSubject {
  std::string_view service;    ///< as in AwsAnswer
  std::string_view operation;  ///< "AssumeRole"
  std::string_view region;
  std::string_view caller;    ///< whose credentials signed it, as people know them; may be empty
  std::string_view resource;  ///< role ARN, cluster or workgroup; may be empty
  bool external_id_sent = false;
};

/// Turns AWS's refusal into an Error: stable code, sentence, hint, AWS's own words; `retryable` for
/// throttling and 5xx only. `aws_code` may be empty (a proxy answered, say): the status decides then.
[[nodiscard]] base::Error aws_error(const CallSubject& subject, int http_status, std::string_view aws_code,
                                    std::string_view aws_message, std::string_view request_id);

/// Whether AWS may have refused because of the keys that signed: revoked, rotated, expired, or another's. (An
/// access that is denied looks the same whether a permission is missing or the session was revoked.)
[[nodiscard]] bool may_be_the_keys(const base::Error& error);

}  // namespace rolegate::aws

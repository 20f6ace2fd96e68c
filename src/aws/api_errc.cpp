#include "aws/api.hpp"

namespace rolegate::aws {

std::string_view code_name(ApiErrc code) {
  switch (code) {
    case ApiErrc::assume_role_denied:
      return "assume_role_denied";
    case ApiErrc::access_denied:
      return "access_denied";
    case ApiErrc::expired_token:
      return "expired_token";
    case ApiErrc::invalid_access_key:
      return "invalid_access_key";
    case ApiErrc::signature_mismatch:
      return "signature_mismatch";
    case ApiErrc::invalid_identity_token:
      return "invalid_identity_token";
    case ApiErrc::malformed_policy:
      return "malformed_policy";
    case ApiErrc::policy_too_large:
      return "policy_too_large";
    case ApiErrc::region_disabled:
      return "region_disabled";
    case ApiErrc::throttled:
      return "throttled";
    case ApiErrc::validation_failed:
      return "validation_failed";
    case ApiErrc::role_chaining_limit:
      return "role_chaining_limit";
    case ApiErrc::cluster_not_found:
      return "cluster_not_found";
    case ApiErrc::workgroup_not_found:
      return "workgroup_not_found";
    case ApiErrc::endpoint_not_ready:
      return "endpoint_not_ready";
    case ApiErrc::service_unavailable:
      return "service_unavailable";
    case ApiErrc::aws_refused:
      return "aws_refused";
    case ApiErrc::unexpected_answer:
      return "unexpected_answer";
    case ApiErrc::endpoint_invalid:
      return "endpoint_invalid";
    case ApiErrc::http_timeout:
      return "http_timeout";
    case ApiErrc::http_connect:
      return "http_connect";
    case ApiErrc::http_tls:
      return "http_tls";
    case ApiErrc::http_failed:
      return "http_failed";
  }
  return "unexpected_answer";
}

}  // namespace rolegate::aws

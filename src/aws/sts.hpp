#pragma once

#include <chrono>
#include <string>

#include "aws/api.hpp"
#include "aws/credentials.hpp"

namespace rolegate::aws {

struct AssumeRoleRequest {
  std::string role_arn;
  std::string role_session_name;  ///< 2–64 of [\w+=,.@-]
  std::string external_id;        ///< empty: none is sent
  std::chrono::seconds duration{3600};
  std::string region;  ///< whose STS endpoint is asked
};

struct WebIdentityRequest {
  std::string role_arn;
  std::string role_session_name;
  std::string region;
  std::string token;  ///< the OIDC token; the caller wipes it
};

struct CallerIdentity {
  std::string account;
  std::string arn;
  std::string user_id;
};

/// The Security Token Service, API version 2011-06-15 (Query protocol, XML). Thread-safe; retries inside the
/// deadline. `identity` of what is returned is "<base identity>:<role ARN>".
class StsClient {
 public:
  explicit StsClient(ApiContext context) : context_(std::move(context)) {}

  [[nodiscard]] base::Result<CredentialsPtr> assume_role(const AssumeRoleRequest& request,
                                                         const Credentials& base, base::Deadline deadline);
  /// Not signed: the token is the proof. There is no external id.
  [[nodiscard]] base::Result<CredentialsPtr> assume_role_with_web_identity(const WebIdentityRequest& request,
                                                                           base::Deadline deadline);
  [[nodiscard]] base::Result<CallerIdentity> get_caller_identity(const std::string& region,
                                                                 const Credentials& credentials,
                                                                 base::Deadline deadline);

 private:
  ApiContext context_;
};

}  // namespace rolegate::aws

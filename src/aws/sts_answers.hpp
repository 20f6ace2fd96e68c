#pragma once

#include <string>

#include "aws/api.hpp"
#include "aws/sts.hpp"
#include "base/secret.hpp"

namespace rolegate::aws {

/// What AssumeRole and AssumeRoleWithWebIdentity hand out.
struct RoleSession {
  std::string access_key_id;
  base::Secret secret_access_key;
  base::Secret session_token;
  base::WallTime expires_at;
  std::string request_id;
};

/// Readers of STS answers, apart from fetching them. They parse in place and so change `body`; the caller
/// wipes it. Errors: unexpected_answer, saying what is wrong; never a value out of the answer.
[[nodiscard]] base::Result<RoleSession> read_role_session(const CallSubject& subject, std::string& body);
[[nodiscard]] base::Result<CallerIdentity> read_caller_identity(const CallSubject& subject,
                                                                std::string& body);

}  // namespace rolegate::aws

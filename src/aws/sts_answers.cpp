#include "aws/sts_answers.hpp"

#include "aws/api_call.hpp"
#include "aws/query_protocol.hpp"
#include "base/iso8601.hpp"

namespace rolegate::aws {

base::Result<RoleSession> read_role_session(const CallSubject& subject, std::string& body) {
  QueryAnswer answer(body);
  const auto result = answer.result(std::string(subject.operation).c_str());
  const auto credentials = answer.child(result, "Credentials");
  RoleSession session;
  session.access_key_id = answer.text(credentials, "AccessKeyId");
  session.secret_access_key = base::Secret(answer.text(credentials, "SecretAccessKey"));
  session.session_token = base::Secret(answer.text(credentials, "SessionToken"));
  const auto expiration = base::parse_iso8601(answer.text(credentials, "Expiration"));
  if (!expiration) answer.fail("has an Expiration that is not a time");
  if (!answer.problem().empty()) return std::unexpected(unexpected_answer(subject, answer.problem()));
  session.expires_at = *expiration;
  session.request_id = answer.request_id();
  return session;
}

base::Result<CallerIdentity> read_caller_identity(const CallSubject& subject, std::string& body) {
  QueryAnswer answer(body);
  const auto result = answer.result("GetCallerIdentity");
  CallerIdentity identity;
  identity.account = answer.text(result, "Account");
  identity.arn = answer.text(result, "Arn");
  identity.user_id = answer.text(result, "UserId");
  if (!answer.problem().empty()) return std::unexpected(unexpected_answer(subject, answer.problem()));
  return identity;
}

}  // namespace rolegate::aws

#include "aws/sts.hpp"

#include <fmt/format.h>

#include "aws/api_call.hpp"
#include "aws/query_protocol.hpp"
#include "aws/sts_answers.hpp"

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html,
// API_AssumeRoleWithWebIdentity.html, API_GetCallerIdentity.html

namespace rolegate::aws {
namespace {

constexpr std::string_view kVersion = "2011-06-15";

void prepare(ApiCall& call, std::string_view operation, const std::string& region) {
  call.service = Service::sts;
  call.subject.service = signing_name(Service::sts);
  call.subject.operation = operation;
  call.subject.region = region;
  call.headers = query_headers();
  call.read_refusal = read_query_refusal;
}

CredentialsPtr make_credentials(RoleSession session, std::string identity, std::string provider) {
  auto credentials = std::make_shared<Credentials>();
  credentials->access_key_id = std::move(session.access_key_id);
  credentials->secret_access_key = std::move(session.secret_access_key);
  credentials->session_token = std::move(session.session_token);
  credentials->expires_at = session.expires_at;
  credentials->identity = std::move(identity);
  credentials->provider = std::move(provider);
  credentials->request_id = std::move(session.request_id);
  return credentials;
}

}  // namespace

base::Result<CredentialsPtr> StsClient::assume_role(const AssumeRoleRequest& request, const Credentials& base,
                                                    base::Deadline deadline) {
  ApiCall call;
  prepare(call, "AssumeRole", request.region);
  call.subject.caller = base.identity;
  call.subject.resource = request.role_arn;
  call.subject.external_id_sent = !request.external_id.empty();
  call.credentials = &base;
  QueryForm form(call.subject.operation, kVersion);
  form.add("RoleArn", request.role_arn)
      .add("RoleSessionName", request.role_session_name)
      .add("DurationSeconds", std::to_string(request.duration.count()));
  if (!request.external_id.empty()) form.add("ExternalId", request.external_id);
  call.body = form.take();

  auto response = perform(context_, call, deadline);
  if (!response) return std::unexpected(std::move(response.error()));
  auto session = read_role_session(call.subject, response->body);
  if (!session) return std::unexpected(std::move(session.error()));
  return make_credentials(std::move(*session), fmt::format("{}:{}", base.identity, request.role_arn),
                          fmt::format("AssumeRole of {}", request.role_arn));
}

base::Result<CredentialsPtr> StsClient::assume_role_with_web_identity(const WebIdentityRequest& request,
                                                                      base::Deadline deadline) {
  ApiCall call;
  prepare(call, "AssumeRoleWithWebIdentity", request.region);
  call.subject.resource = request.role_arn;
  QueryForm form(call.subject.operation, kVersion);
  form.add("RoleArn", request.role_arn)
      .add("RoleSessionName", request.role_session_name)
      .add("WebIdentityToken", request.token);
  call.body = form.take();

  auto response = perform(context_, call, deadline);
  if (!response) return std::unexpected(std::move(response.error()));
  auto session = read_role_session(call.subject, response->body);
  if (!session) return std::unexpected(std::move(session.error()));
  return make_credentials(std::move(*session), fmt::format("web identity:{}", request.role_arn),
                          fmt::format("web identity of {}", request.role_arn));
}

base::Result<CallerIdentity> StsClient::get_caller_identity(const std::string& region,
                                                            const Credentials& credentials,
                                                            base::Deadline deadline) {
  ApiCall call;
  prepare(call, "GetCallerIdentity", region);
  call.subject.caller = credentials.identity;
  call.credentials = &credentials;
  call.body = QueryForm(call.subject.operation, kVersion).take();

  auto response = perform(context_, call, deadline);
  if (!response) return std::unexpected(std::move(response.error()));
  return read_caller_identity(call.subject, response->body);
}

}  // namespace rolegate::aws

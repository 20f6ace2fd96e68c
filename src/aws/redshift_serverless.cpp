#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "aws/api_call.hpp"
#include "aws/redshift.hpp"
#include "aws/redshift_answers.hpp"

// https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html,
// API_GetWorkgroup.html

namespace rolegate::aws {
namespace {

void prepare(ApiCall& call, std::string_view operation, const std::string& region,
             const std::string& workgroup, const Credentials& credentials) {
  call.service = Service::redshift_serverless;
  call.subject = {.service = signing_name(Service::redshift_serverless),
                  .operation = operation,
                  .region = region,
                  .caller = credentials.identity,
                  .resource = workgroup};
  call.credentials = &credentials;
  call.headers = {{"Content-Type", "application/x-amz-json-1.1"},
                  {"X-Amz-Target", fmt::format("RedshiftServerless.{}", operation)}};
  call.read_refusal = read_json_refusal;
}

}  // namespace

base::Result<TemporaryUser> RedshiftServerlessClient::get_credentials(
    const WorkgroupCredentialsRequest& request, const Credentials& credentials, base::Deadline deadline) {
  ApiCall call;
  prepare(call, "GetCredentials", request.region, request.workgroup_name, credentials);
  boost::json::object body{{"workgroupName", request.workgroup_name}};
  if (!request.db_name.empty()) body.emplace("dbName", request.db_name);
  if (request.duration) body.emplace("durationSeconds", request.duration->count());
  call.body = boost::json::serialize(body);

  auto response = perform(context_, call, deadline);
  if (!response) return std::unexpected(std::move(response.error()));
  auto user = read_workgroup_credentials(call.subject, response->body);
  if (user) user->request_id = response->header("x-amzn-RequestId");
  return user;
}

base::Result<RedshiftEndpoint> RedshiftServerlessClient::endpoint(const std::string& region,
                                                                  const std::string& workgroup_name,
                                                                  const Credentials& credentials,
                                                                  base::Deadline deadline) {
  ApiCall call;
  prepare(call, "GetWorkgroup", region, workgroup_name, credentials);
  call.body = boost::json::serialize(boost::json::object{{"workgroupName", workgroup_name}});

  auto response = perform(context_, call, deadline);
  if (!response) return std::unexpected(std::move(response.error()));
  return read_workgroup_endpoint(call.subject, response->body);
}

}  // namespace rolegate::aws

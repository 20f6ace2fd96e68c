#include "aws/redshift.hpp"

#include "aws/api_call.hpp"
#include "aws/query_protocol.hpp"
#include "aws/redshift_answers.hpp"

// https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html,
// API_DescribeClusters.html

namespace rolegate::aws {
namespace {

constexpr std::string_view kVersion = "2012-12-01";

void prepare(ApiCall& call, std::string_view operation, const std::string& region, const std::string& cluster,
             const Credentials& credentials) {
  call.service = Service::redshift;
  call.subject = {.service = signing_name(Service::redshift),
                  .operation = operation,
                  .region = region,
                  .caller = credentials.identity,
                  .resource = cluster};
  call.credentials = &credentials;
  call.headers = query_headers();
  call.read_refusal = read_query_refusal;
}

}  // namespace

base::Result<TemporaryUser> RedshiftClient::get_cluster_credentials(const ClusterCredentialsRequest& request,
                                                                    const Credentials& credentials,
                                                                    base::Deadline deadline) {
  ApiCall call;
  prepare(call, "GetClusterCredentials", request.region, request.cluster_identifier, credentials);
  QueryForm form(call.subject.operation, kVersion);
  form.add("ClusterIdentifier", request.cluster_identifier).add("DbUser", request.db_user);
  if (!request.db_name.empty()) form.add("DbName", request.db_name);
  if (request.auto_create) form.add("AutoCreate", "true");
  for (std::size_t i = 0; i < request.db_groups.size(); ++i) {
    form.add_member("DbGroups.DbGroup", i + 1, request.db_groups[i]);
  }
  if (request.duration) form.add("DurationSeconds", std::to_string(request.duration->count()));
  call.body = form.take();

  auto response = perform(context_, call, deadline);
  if (!response) return std::unexpected(std::move(response.error()));
  return read_cluster_credentials(call.subject, response->body);
}

base::Result<RedshiftEndpoint> RedshiftClient::endpoint(const std::string& region,
                                                        const std::string& cluster_identifier,
                                                        const Credentials& credentials,
                                                        base::Deadline deadline) {
  ApiCall call;
  prepare(call, "DescribeClusters", region, cluster_identifier, credentials);
  QueryForm form(call.subject.operation, kVersion);
  form.add("ClusterIdentifier", cluster_identifier);
  call.body = form.take();

  auto response = perform(context_, call, deadline);
  if (!response) return std::unexpected(std::move(response.error()));
  return read_cluster_endpoint(call.subject, response->body);
}

}  // namespace rolegate::aws

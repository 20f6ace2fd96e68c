#pragma once

#include <string>

#include "aws/api.hpp"
#include "aws/api_call.hpp"
#include "aws/redshift.hpp"

namespace rolegate::aws {

/// Readers of both Redshifts' answers, apart from fetching them. Errors: unexpected_answer, saying what is
/// wrong; never a value out of the answer. Those of XML parse in place and so change `body`; the caller wipes
/// it.
[[nodiscard]] base::Result<TemporaryUser> read_cluster_credentials(const CallSubject& subject,
                                                                   std::string& body);
/// Also: cluster_not_found for an empty list, endpoint_not_ready for a cluster that has no address.
[[nodiscard]] base::Result<RedshiftEndpoint> read_cluster_endpoint(const CallSubject& subject,
                                                                   std::string& body);

[[nodiscard]] base::Result<TemporaryUser> read_workgroup_credentials(const CallSubject& subject,
                                                                     std::string_view body);
/// Also: endpoint_not_ready for a workgroup that has no address.
[[nodiscard]] base::Result<RedshiftEndpoint> read_workgroup_endpoint(const CallSubject& subject,
                                                                     std::string_view body);
/// `{"__type": "namespace#Code:http://…", "message": …}` or the header x-amzn-ErrorType.
[[nodiscard]] Refusal read_json_refusal(HttpResponse& response);

/// endpoint_not_ready: "Redshift cluster 'x' has no endpoint: its status is 'creating'." `what` is "cluster"
/// or "Serverless workgroup".
[[nodiscard]] base::Error endpoint_not_ready(std::string_view what, std::string_view name,
                                             std::string_view status);

}  // namespace rolegate::aws

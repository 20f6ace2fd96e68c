#include "aws/redshift_answers.hpp"

#include <charconv>

#include <fmt/format.h>

#include "aws/answer_text.hpp"
#include "aws/query_protocol.hpp"
#include "aws/url.hpp"
#include "base/iso8601.hpp"
#include "base/printable.hpp"

namespace rolegate::aws {
namespace {

std::uint16_t read_port(QueryAnswer& answer, pugi::xml_node endpoint) {
  const std::string_view text = answer.text(endpoint, "Port");
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0 || port > 65535) {
    answer.fail("has a Port that is not a port number");
    return 0;
  }
  return static_cast<std::uint16_t>(port);
}

}  // namespace

base::Result<TemporaryUser> read_cluster_credentials(const CallSubject& subject, std::string& body) {
  QueryAnswer answer(body);
  const auto result = answer.result("GetClusterCredentials");
  TemporaryUser user;
  user.user = answer.text(result, "DbUser");
  user.password = base::Secret(answer.text(result, "DbPassword"));
  const auto expiration = base::parse_iso8601(answer.text(result, "Expiration"));
  if (!expiration) answer.fail("has an Expiration that is not a time");
  if (!answer.problem().empty()) return std::unexpected(unexpected_answer(subject, answer.problem()));
  user.expires_at = *expiration;
  user.request_id = answer.request_id();
  return user;
}

base::Result<RedshiftEndpoint> read_cluster_endpoint(const CallSubject& subject, std::string& body) {
  QueryAnswer answer(body);
  const auto clusters = answer.child(answer.result("DescribeClusters"), "Clusters");
  if (clusters && !clusters.child("Cluster")) {
    return std::unexpected(
        aws_error(subject, 404, "ClusterNotFound", "The list of clusters is empty.", answer.request_id()));
  }
  // One cluster was asked for; several would leave open which one is meant.
  const auto cluster = answer.child(clusters, "Cluster");
  const auto address_node = cluster.child("Endpoint").child("Address");
  if (answer.problem().empty() && address_node.text().empty()) {
    return std::unexpected(
        endpoint_not_ready("cluster", subject.resource, answer.text(cluster, "ClusterStatus")));
  }
  const auto endpoint = answer.child(cluster, "Endpoint");
  RedshiftEndpoint result;
  result.host = answer.text(endpoint, "Address");
  if (!is_host_name(result.host)) answer.fail("has an Address that is not a host name");
  result.port = read_port(answer, endpoint);
  if (!answer.problem().empty()) return std::unexpected(unexpected_answer(subject, answer.problem()));
  return result;
}

base::Error endpoint_not_ready(std::string_view what, std::string_view name, std::string_view status) {
  const bool paused = status == "paused";
  return base::make_error(ApiErrc::endpoint_not_ready,
                          fmt::format("Redshift {} '{}' has no endpoint: its status is '{}'.", what, name,
                                      status.empty() ? "unknown" : base::quotable(status, kLongestQuote)),
                          paused ? "Resume it." : "Wait until it is available.", !paused);
}

}  // namespace rolegate::aws

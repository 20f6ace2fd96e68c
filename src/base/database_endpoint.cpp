#include "base/database_endpoint.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/ascii.hpp"

namespace rolegate::base {
namespace {

using Kind = DatabaseEndpoint::Kind;
using Service = DatabaseEndpoint::Service;
using Labels = std::vector<std::string_view>;

/// In RDS names, the label before the region ("cluster-ro-c8xample") says what the endpoint is of.
constexpr std::array<std::pair<std::string_view, Kind>, 8> kRdsKinds{{
    {"cluster-ro-", Kind::reader},
    {"cluster-custom-", Kind::custom},
    {"cluster-", Kind::cluster},
    {"proxy-", Kind::proxy},
    {"shardgrp-", Kind::shard_group},
    {"limitless-", Kind::shard_group},
    {"global-", Kind::global},
    {"", Kind::instance},
}};

Labels labels_of(std::string_view name) {
  Labels labels;
  for (std::size_t begin = 0;;) {
    const std::size_t dot = name.find('.', begin);
    labels.push_back(name.substr(begin, dot - begin));
    if (dot == std::string_view::npos) return labels;
    begin = dot + 1;
  }
}

/// "eu-west-1": which regions there are changes every year.
bool is_region(std::string_view label) {
  return label.contains('-') && label.back() >= '0' && label.back() <= '9';
}

std::optional<Service> service_of(std::string_view label) {
  if (label == "rds") return Service::rds;
  if (label == "redshift") return Service::redshift;
  if (label == "redshift-serverless") return Service::redshift_serverless;
  return std::nullopt;
}

Kind kind_of(Service service, std::string_view id) {
  if (service == Service::redshift_serverless) return Kind::workgroup;
  if (service == Service::redshift) return Kind::cluster;
  return std::ranges::find_if(kRdsKinds, [&](const auto& rule) { return id.starts_with(rule.first); })
      ->second;
}

/// The labels before a partition's suffix: NAME.ID.REGION.SERVICE, or in China and elsewhere
/// NAME.ID.SERVICE.REGION. NAME may be several ("reports.endpoint" of RDS Proxy).
std::optional<DatabaseEndpoint> before_suffix(const Labels& labels, std::string_view suffix) {
  if (labels.size() < 4 || std::ranges::find(labels, "") != labels.end()) return std::nullopt;
  std::string_view region = labels[labels.size() - 2];
  auto service = service_of(labels.back());
  if (!service) {
    service = service_of(region);
    region = labels.back();
  }
  if (!service) return std::nullopt;
  const Kind kind = kind_of(*service, labels[labels.size() - 3]);
  // Of the global writer endpoint (NAME.global-ID.global.rds.amazonaws.com).
  if (kind == Kind::global && region == "global")
    region = {};
  else if (kind == Kind::global || !is_region(region))
    return std::nullopt;
  const Partition& partition = partition_of_region(region);
  if (partition.dns_suffix != suffix) return std::nullopt;
  return DatabaseEndpoint{*service, kind, std::string(region), &partition};
}

/// ID.dsql.REGION.on.aws; with a private link ID.dsql-SUFFIX.REGION.on.aws.
std::optional<DatabaseEndpoint> before_on_aws(const Labels& labels) {
  if (labels.size() != 3 || labels[0].empty() || !is_region(labels[2])) return std::nullopt;
  if (labels[1] != "dsql" && !labels[1].starts_with("dsql-")) return std::nullopt;
  return DatabaseEndpoint{Service::dsql, Kind::cluster, std::string(labels[2]),
                          &partition_of_region(labels[2])};
}

}  // namespace

std::string_view DatabaseEndpoint::resource_prefix() const {
  if (kind == Kind::instance) return "db-";
  return kind == Kind::proxy ? "prx-" : "cluster-";
}

std::optional<DatabaseEndpoint> database_endpoint(std::string_view host) {
  const std::string lower = lower_case(host);
  std::string_view name = lower;
  if (name.ends_with('.')) name.remove_suffix(1);
  const auto before = [&](std::string_view suffix) -> std::optional<std::string_view> {
    if (!name.ends_with(suffix)) return std::nullopt;
    const std::string_view head = name.substr(0, name.size() - suffix.size());
    if (!head.ends_with('.')) return std::nullopt;
    return head.substr(0, head.size() - 1);
  };
  if (const auto head = before("on.aws")) return before_on_aws(labels_of(*head));
  for (const Partition& partition : partitions()) {
    if (const auto head = before(partition.dns_suffix)) {
      return before_suffix(labels_of(*head), partition.dns_suffix);
    }
  }
  return std::nullopt;
}

}  // namespace rolegate::base

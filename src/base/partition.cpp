#include "base/partition.hpp"

#include <algorithm>
#include <array>

namespace rolegate::base {
namespace {

// https://docs.aws.amazon.com/general/latest/gr/rande.html and iam-service.html; botocore's partitions.json.
constexpr std::array<Partition, 8> kPartitions{{
    {"aws-cn", "amazonaws.com.cn", "cn-", "cn-north-1", "api.amazonwebservices.com.cn"},
    {"aws-us-gov", "amazonaws.com", "us-gov-", "us-gov-west-1", "api.aws"},
    {"aws-iso-b", "sc2s.sgov.gov", "us-isob-", "us-isob-east-1", ""},
    {"aws-iso-f", "csp.hci.ic.gov", "us-isof-", "us-isof-south-1", ""},
    {"aws-iso-e", "cloud.adc-e.uk", "eu-isoe-", "eu-isoe-west-1", ""},
    {"aws-iso", "c2s.ic.gov", "us-iso-", "us-iso-east-1", ""},
    {"aws-eusc", "amazonaws.eu", "eusc-", "eusc-de-east-1", "api.amazonwebservices.eu"},
    {"aws", "amazonaws.com", "", "us-east-1", "api.aws"},
}};

}  // namespace

std::span<const Partition> partitions() { return kPartitions; }

const Partition& partition_of_region(std::string_view region) {
  return *std::ranges::find_if(
      kPartitions, [&](const Partition& partition) { return region.starts_with(partition.region_prefix); });
}

}  // namespace rolegate::base

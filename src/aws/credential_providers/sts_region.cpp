#include "aws/credential_providers/sts_region.hpp"

#include <utility>

#include "base/arn.hpp"
#include "base/partition.hpp"

namespace rolegate::aws {
namespace {

/// The region of the IAM that knows the role.
std::string_view home_region(std::string_view role_arn) {
  const std::string_view name = base::read_arn(role_arn).value_or(base::Arn{}).partition;
  for (const base::Partition& partition : base::partitions()) {
    if (partition.name == name) return partition.home_region;
  }
  return base::partition_of_region({}).home_region;
}

}  // namespace

std::string sts_region(const base::Environment& environment, const ProfileView& profile,
                       std::string_view role_arn) {
  if (auto region = environment.get("AWS_REGION")) return *std::move(region);
  if (auto region = environment.get("AWS_DEFAULT_REGION")) return *std::move(region);
  return profile.get_or("region", home_region(role_arn));
}

}  // namespace rolegate::aws

#include "aws/credential_providers/sts_region.hpp"

#include <array>
#include <utility>

namespace rolegate::aws {
namespace {

/// The region in which a partition's IAM lives
/// (https://docs.aws.amazon.com/general/latest/gr/iam-service.html).
std::string_view home_region(std::string_view role_arn) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kHomes{{
      {"arn:aws-cn:", "cn-north-1"},
      {"arn:aws-us-gov:", "us-gov-west-1"},
      {"arn:aws-iso:", "us-iso-east-1"},
      {"arn:aws-iso-b:", "us-isob-east-1"},
      {"arn:aws-eusc:", "eusc-de-east-1"},
  }};
  for (const auto& [prefix, region] : kHomes) {
    if (role_arn.starts_with(prefix)) return region;
  }
  return "us-east-1";
}

}  // namespace

std::string sts_region(const base::Environment& environment, const ProfileView& profile,
                       std::string_view role_arn) {
  if (auto region = environment.get("AWS_REGION")) return *std::move(region);
  if (auto region = environment.get("AWS_DEFAULT_REGION")) return *std::move(region);
  return profile.get_or("region", home_region(role_arn));
}

}  // namespace rolegate::aws

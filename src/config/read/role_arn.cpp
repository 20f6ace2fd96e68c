#include <algorithm>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include "base/arn.hpp"
#include "base/ascii.hpp"
#include "base/nearest.hpp"
#include "base/partition.hpp"
#include "config/read/aws_names.hpp"
#include "config/text/report.hpp"

namespace rolegate::config {
namespace {

constexpr std::string_view kForm = "Write it as arn:aws:iam::ACCOUNT:role/NAME.";

/// What the part after the account names when it is no role, in words.
std::string_view other_resource(std::string_view resource) {
  if (resource.starts_with("user/")) return "a user, and only a role can be assumed";
  if (resource.starts_with("group/")) return "a group, and only a role can be assumed";
  if (resource.starts_with("policy/")) return "a policy, and only a role can be assumed";
  if (resource.starts_with("instance-profile/")) return "an instance profile, not the role in it";
  if (resource == "root") return "an account, and only a role can be assumed";
  return "something that is no role";
}

/// The role's name, after the last slash: 1–64 of [\w+=,.@-]; its path: printable ASCII
/// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html).
std::optional<NameFault> check_path_and_name(std::string_view text) {
  const std::size_t slash = text.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? text : text.substr(slash + 1);
  const std::string_view path = text.substr(0, text.size() - name.size());
  if (name.empty()) return NameFault{"has no role name after 'role/'.", std::string(kForm)};
  if (name.size() > 64)
    return NameFault{fmt::format("has a role name of {} characters.", name.size()), "It may have 64."};
  const auto in_name = [](char c) {
    return base::is_alphanumeric(c) || std::string_view("_+=,.@-").contains(c);
  };
  const bool fine = std::ranges::all_of(name, in_name) &&
                    std::ranges::all_of(path, [](char c) { return c > ' ' && c <= '~'; });
  if (fine) return std::nullopt;
  return NameFault{"has a role name with a character that AWS does not take.",
                   "Letters, digits and _+=,.@- may be in it."};
}

std::optional<NameFault> check_account(std::string_view account) {
  if (account.empty()) return NameFault{"has no account.", std::string(kForm)};
  if (base::is_aws_account(account)) return std::nullopt;
  return NameFault{fmt::format("has the account {}.", quoted(account)),
                   "An account is 12 digits, without hyphens."};
}

}  // namespace

std::optional<NameFault> check_role_arn(std::string_view arn, std::string_view region) {
  const auto parts = base::read_arn(arn);
  if (!parts) return NameFault{"is not an ARN.", std::string(kForm)};
  const auto& [partition, service, arn_region, account, resource] = *parts;

  std::vector<std::string_view> partitions;
  std::ranges::transform(base::partitions(), std::back_inserter(partitions), &base::Partition::name);
  if (std::ranges::find(partitions, partition) == partitions.end()) {
    const std::string_view near = base::nearest(partition, partitions);
    return NameFault{fmt::format("names the partition {}, which does not exist.", quoted(partition)),
                     near.empty() ? std::string(kForm) : fmt::format("Did you mean '{}'?", near)};
  }
  if (service == "sts" && resource.starts_with("assumed-role/")) {
    return NameFault{"is the ARN of a role's session.",
                     "Write the role's own: arn:aws:iam::ACCOUNT:role/NAME."};
  }
  if (service != "iam") {
    return NameFault{fmt::format("is an ARN of the service {}, not of IAM.", quoted(service)),
                     std::string(kForm)};
  }
  if (!arn_region.empty()) return NameFault{"holds a region, and roles have none.", std::string(kForm)};
  if (auto fault = check_account(account)) return fault;
  if (!resource.starts_with("role/")) {
    return NameFault{fmt::format("names {}.", other_resource(resource)), std::string(kForm)};
  }
  if (auto fault = check_path_and_name(resource.substr(5))) return fault;
  if (arn.size() < 20 || arn.size() > 2048) {
    return NameFault{fmt::format("has {} characters.", arn.size()), "A role ARN has 20 to 2048."};
  }
  if (!region.empty() && base::partition_of_region(region).name != partition) {
    return NameFault{fmt::format("is of the partition {}, and the region {} is in {}.", partition, region,
                                 base::partition_of_region(region).name),
                     "Roles do not reach across partitions: correct the ARN or the region."};
  }
  return std::nullopt;
}

}  // namespace rolegate::config

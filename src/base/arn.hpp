#pragma once

#include <optional>
#include <string_view>

namespace rolegate::base {

/// arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE, of which IAM leaves the region empty
/// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html). Points into the text that was
/// read.
struct Arn {
  std::string_view partition;
  std::string_view service;
  std::string_view region;
  std::string_view account;
  std::string_view resource;  ///< "role/path/name"; may hold colons
};

/// Parts that are missing are empty. Nothing for what does not begin with "arn:".
[[nodiscard]] std::optional<Arn> read_arn(std::string_view text);

/// 12 digits.
[[nodiscard]] bool is_aws_account(std::string_view text);

}  // namespace rolegate::base

#pragma once

#include <span>
#include <string_view>

namespace rolegate::base {

/// A part of AWS with accounts, regions and names of its own.
struct Partition {
  std::string_view name;               ///< "aws", "aws-cn", as in ARNs
  std::string_view dns_suffix;         ///< "amazonaws.com"; more than one partition may have it
  std::string_view region_prefix;      ///< of its regions' names; empty: all that no other partition has
  std::string_view home_region;        ///< where its IAM lives
  std::string_view dual_stack_suffix;  ///< empty: it has no dual-stack endpoints
};

/// All there are, "aws" last.
[[nodiscard]] std::span<const Partition> partitions();

/// By the region's form ("cn-north-1" is aws-cn); an unknown one counts as "aws", as the SDKs have it.
[[nodiscard]] const Partition& partition_of_region(std::string_view region);

}  // namespace rolegate::base

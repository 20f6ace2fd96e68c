#include "base/partition.hpp"

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

TEST(Partition, FollowsFromTheRegion) {
  EXPECT_EQ(partition_of_region("eu-west-1").name, "aws");
  EXPECT_EQ(partition_of_region("cn-northwest-1").name, "aws-cn");
  EXPECT_EQ(partition_of_region("us-gov-east-1").name, "aws-us-gov");
  EXPECT_EQ(partition_of_region("us-iso-east-1").name, "aws-iso");
  EXPECT_EQ(partition_of_region("us-isob-east-1").name, "aws-iso-b");
  EXPECT_EQ(partition_of_region("eusc-de-east-1").name, "aws-eusc");
  EXPECT_EQ(partition_of_region("xx-new-9").name, "aws");
}

TEST(Partition, IsThatOfItsHomeRegion) {
  for (const Partition& partition : partitions()) {
    EXPECT_EQ(partition_of_region(partition.home_region).name, partition.name);
  }
}

}  // namespace
}  // namespace rolegate::base

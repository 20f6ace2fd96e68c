#include "base/arn.hpp"

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

TEST(Arn, HasItsParts) {
  const auto arn = read_arn("arn:aws-cn:rds-db:cn-north-1:222222222222:dbuser:cluster-X/app");
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->partition, "aws-cn");
  EXPECT_EQ(arn->service, "rds-db");
  EXPECT_EQ(arn->region, "cn-north-1");
  EXPECT_EQ(arn->account, "222222222222");
  EXPECT_EQ(arn->resource, "dbuser:cluster-X/app");
}

TEST(Arn, HasEmptyPartsWhereNoneAre) {
  const auto role = read_arn("arn:aws:iam::222222222222:role/path/name");
  ASSERT_TRUE(role);
  EXPECT_EQ(role->region, "");
  EXPECT_EQ(role->resource, "role/path/name");
  for (const char* text : {"arn:", "arn:aws", "arn:aws:", "arn:aws:iam",
                           "arn:aws:iam::", "arn:aws:iam::222222222222", "arn:aws:iam::222222222222:"}) {
    const auto arn = read_arn(text);
    ASSERT_TRUE(arn) << text;
    EXPECT_EQ(arn->resource, "") << text;
  }
  EXPECT_EQ(read_arn("arn:aws:iam::222222222222")->account, "222222222222");
}

TEST(Arn, IsNothingElse) {
  EXPECT_FALSE(read_arn(""));
  EXPECT_FALSE(read_arn("arn"));
  EXPECT_FALSE(read_arn("AKIA:arn:aws:iam::222222222222:role/x"));
}

TEST(AwsAccount, HasTwelveDigits) {
  EXPECT_TRUE(is_aws_account("012345678901"));
  EXPECT_FALSE(is_aws_account("01234567890"));
  EXPECT_FALSE(is_aws_account("0123456789012"));
  EXPECT_FALSE(is_aws_account("0123-4567890"));
}

}  // namespace
}  // namespace rolegate::base

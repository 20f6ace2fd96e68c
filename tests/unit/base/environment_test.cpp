#include "base/environment.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

namespace rolegate::base {
namespace {

TEST(Environment, TakesAnEmptyVariableForNone) {
  const FixedEnvironment fixed({{"A", "a"}, {"EMPTY", ""}});
  EXPECT_EQ(fixed.get("A"), "a");
  EXPECT_FALSE(fixed.get("EMPTY"));
  EXPECT_FALSE(fixed.get("MISSING"));
  EXPECT_EQ(fixed.get_or("EMPTY", "b"), "b");
  EXPECT_EQ(fixed.get_or("A", "b"), "a");
}

TEST(ProcessEnvironment, ReadsAtEachCall) {
  const ProcessEnvironment process;
  ASSERT_EQ(::setenv("ROLEGATE_TEST_VARIABLE", "one", 1), 0);
  EXPECT_EQ(process.get("ROLEGATE_TEST_VARIABLE"), "one");
  ASSERT_EQ(::setenv("ROLEGATE_TEST_VARIABLE", "", 1), 0);
  EXPECT_FALSE(process.get("ROLEGATE_TEST_VARIABLE"));
  ASSERT_EQ(::unsetenv("ROLEGATE_TEST_VARIABLE"), 0);
  EXPECT_FALSE(process.get("ROLEGATE_TEST_VARIABLE"));
}

}  // namespace
}  // namespace rolegate::base

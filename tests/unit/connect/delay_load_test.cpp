#include "connect/delay_load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connect/mariadb_library.hpp"
#include "connect/pq_library.hpp"

namespace rolegate::connect {
namespace {

using testing::HasSubstr;

TEST(DelayedLibrary, NamesThePackageThatIsMissing) {
  DelayedLibrary library("libnowhere.so.9", "libnowhere9");
  void (*function)() = nullptr;
  library.find(function, "anything");
  const auto result = library.result();
  ASSERT_FALSE(result);
  EXPECT_EQ(function, nullptr);
  EXPECT_EQ(result.error().code, "connection_failed");
  EXPECT_THAT(result.error().message, HasSubstr("libnowhere.so.9"));
  EXPECT_EQ(result.error().hint, "Install the package libnowhere9.");
}

TEST(DelayedLibrary, NamesTheFunctionThatIsMissing) {
  DelayedLibrary library("libc.so.6", "libc6");
  int (*present)(const char*) = nullptr;
  void (*absent)() = nullptr;
  library.find(present, "puts");
  library.find(absent, "rolegate_has_no_such_function");
  EXPECT_NE(present, nullptr);
  EXPECT_THAT(library.result().error().message, HasSubstr("libc.so.6 has no rolegate_has_no_such_function"));
}

TEST(DelayedLibrary, FindsEveryFunctionInTheInstalledClients) {
  EXPECT_TRUE(load_pq_library());
  EXPECT_TRUE(load_mariadb_library());
}

}  // namespace
}  // namespace rolegate::connect

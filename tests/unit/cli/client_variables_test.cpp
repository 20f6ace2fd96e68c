#include "cli/client_variables.hpp"

#include <array>
#include <cstdlib>

#include <gtest/gtest.h>

namespace rolegate::cli {
namespace {

TEST(ClientVariables, AreForgottenAndNoOthers) {
  constexpr std::array kForgotten{
      "PGSERVICE",      "PGSERVICEFILE", "PGOPTIONS",        "PGTZ",
      "PGSOMETHINGNEW", "MYSQL_PWD",     "LIBMYSQL_PLUGINS", "MARIADB_PLUGIN_DIR"};
  constexpr std::array kKept{"ROLEGATE_CONFIG_X", "AWS_PROFILE_X", "XPGSERVICE", "pgservice"};
  for (const char* name : kForgotten) ::setenv(name, "x", 1);
  for (const char* name : kKept) ::setenv(name, "x", 1);
  forget_client_variables();
  for (const char* name : kForgotten) EXPECT_EQ(std::getenv(name), nullptr) << name;
  for (const char* name : kKept) {
    EXPECT_NE(std::getenv(name), nullptr) << name;
    ::unsetenv(name);
  }
}

}  // namespace
}  // namespace rolegate::cli

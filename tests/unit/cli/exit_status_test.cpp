#include "cli/exit_status.hpp"

#include <gtest/gtest.h>

namespace rolegate::cli {
namespace {

ExitStatus status_of(std::string_view code) { return exit_status({code, "", "", false, std::nullopt}); }

TEST(ExitStatus, IsTheOneThatShellsHaveForPrograms) {
  EXPECT_EQ(static_cast<int>(status_of("command_not_found")), 127);
  EXPECT_EQ(static_cast<int>(status_of("command_failed")), 126);
  EXPECT_EQ(static_cast<int>(status_of("query_cancelled")), 130);
}

TEST(ExitStatus, IsTwoForWhatWasTypedOrConfigured) {
  for (const char* code : {"wrong_usage", "config_not_found", "config_invalid", "database_not_found",
                           "feature_disabled", "file_not_found", "file_unreadable", "file_too_large",
                           "file_not_trusted", "gateway_not_configured", "policy_argument_invalid"}) {
    EXPECT_EQ(static_cast<int>(status_of(code)), 2) << code;
  }
  EXPECT_EQ(static_cast<int>(status_of("iam_token_refused")), 1);
}

}  // namespace
}  // namespace rolegate::cli

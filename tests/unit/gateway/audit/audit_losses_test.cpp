#include "gateway/audit/audit_losses.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/login/recording_log.hpp"

namespace rolegate::gateway {
namespace {

using namespace std::chrono_literals;

constexpr base::SteadyTime kStart{std::chrono::hours(100)};
constexpr std::string_view kBegin = "Lines of the audit log are being lost: the disk is full.\n";

class AuditLossesTest : public testing::Test {
 protected:
  void lose(std::chrono::seconds after, std::uint64_t lines = 1) {
    losses_.lost(lines, "the disk is full", kStart + after);
  }
  static std::string end(int lines) {
    return "The audit log is being written again; " + std::to_string(lines) + " lines were lost.\n";
  }
  Stats stats_;
  login::RecordingLog log_;
  AuditLosses losses_{stats_, log_};
};

TEST_F(AuditLossesTest, SaysOnceThatItBeginsAndOnceThatItEnds) {
  lose(0s);
  lose(1s, 10);
  lose(500s);
  EXPECT_EQ(stats_.audit_lines_lost, 12);
  EXPECT_EQ(log_.all(), kBegin);
  losses_.over();
  losses_.over();
  EXPECT_EQ(log_.all(), std::string(kBegin) + end(12));
}

TEST_F(AuditLossesTest, KnowsWhetherLinesAreLostRightNow) {
  EXPECT_FALSE(losses_.are_happening());
  lose(0s);
  EXPECT_TRUE(losses_.are_happening());
  losses_.over();
  EXPECT_FALSE(losses_.are_happening());
  lose(1s);
  EXPECT_TRUE(losses_.are_happening()) << "also when nothing is said of it";
  losses_.elsewhere();
  EXPECT_FALSE(losses_.are_happening()) << "nothing is known of another file yet";
  lose(2s);
  EXPECT_TRUE(losses_.are_happening());
}

TEST_F(AuditLossesTest, SaysNothingWhenNothingIsLost) {
  losses_.over();
  lose(0s, 0);
  losses_.over();
  EXPECT_EQ(log_.all(), "");
}

TEST_F(AuditLossesTest, DoesNotFloodTheLogWhenItComesAndGoes) {
  for (int i = 0; i < 59; ++i) {
    lose(std::chrono::seconds(i));
    losses_.over();
  }
  EXPECT_EQ(stats_.audit_lines_lost, 59);
  EXPECT_EQ(log_.all(), std::string(kBegin) + end(1));
  lose(60s);
  losses_.over();
  EXPECT_EQ(log_.all(), std::string(kBegin) + end(1) + std::string(kBegin) + end(59))
      << "the silent ones count";
}

TEST_F(AuditLossesTest, TouchesNothingAfterItsEnd) {
  lose(0s);
  losses_.close();
  lose(100s);
  losses_.over();
  EXPECT_EQ(stats_.audit_lines_lost, 1);
  EXPECT_EQ(log_.all(), kBegin);
}

}  // namespace
}  // namespace rolegate::gateway

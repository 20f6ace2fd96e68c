#include "admin/pages/process.hpp"

#include <ctime>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

namespace rolegate::admin {
namespace {

TEST(Process, CountsDescriptors) {
  const auto before = measure_process().open_descriptors;
  ASSERT_TRUE(before);
  std::vector<int> opened;
  for (int n = 0; n < 10; ++n) opened.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(measure_process().open_descriptors, *before + 10);
  for (const int descriptor : opened) ::close(descriptor);
  EXPECT_EQ(measure_process().open_descriptors, before);
}

TEST(Process, SaysWhatItUses) {
  const Process process = measure_process();
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(process.most_descriptors, limit.rlim_cur);
  rusage usage{};
  ASSERT_EQ(::getrusage(RUSAGE_SELF, &usage), 0);
  ASSERT_TRUE(process.resident_bytes);
  EXPECT_GT(*process.resident_bytes, 0U);
  EXPECT_LE(*process.resident_bytes, static_cast<std::uint64_t>(usage.ru_maxrss) * 1024 + (64 << 20));
  ASSERT_TRUE(process.cpu_seconds);
  EXPECT_GE(*process.cpu_seconds, 0);
}

TEST(Process, WasStartedAfterTheMachineAndBeforeNow) {
  const base::WallTime now{std::chrono::seconds(1'767'323'045)};
  timespec up{};
  ASSERT_EQ(::clock_gettime(CLOCK_BOOTTIME, &up), 0);
  const auto start = process_start(now);
  ASSERT_TRUE(start);
  EXPECT_LE(*start, now);
  // Nothing of a machine runs tests in its first second.
  EXPECT_GT(*start, now - std::chrono::seconds(up.tv_sec - 1));
}

TEST(StatField, CountsFromBehindTheProgramsName) {
  constexpr std::string_view kLine = "42 (a) b) 7 S 1 2 -3 99\n";
  EXPECT_EQ(stat_field(kLine, 3), 7U);
  EXPECT_EQ(stat_field(kLine, 5), 1U);
  EXPECT_EQ(stat_field(kLine, 6), 2U);
  EXPECT_EQ(stat_field(kLine, 8), 99U);
}

TEST(StatField, IsNothingWhereThereIsNoNumber) {
  constexpr std::string_view kLine = "42 (a) S -3 99999999999999999999999 5";
  EXPECT_FALSE(stat_field(kLine, 1));
  EXPECT_FALSE(stat_field(kLine, 2));
  EXPECT_FALSE(stat_field(kLine, 3));
  EXPECT_FALSE(stat_field(kLine, 4));
  EXPECT_FALSE(stat_field(kLine, 5));
  EXPECT_EQ(stat_field(kLine, 6), 5U);
  EXPECT_FALSE(stat_field(kLine, 7));
  EXPECT_FALSE(stat_field("", 3));
  EXPECT_FALSE(stat_field("42 (a)", 3));
  EXPECT_FALSE(stat_field("42 (a) ", 3));
}

}  // namespace
}  // namespace rolegate::admin

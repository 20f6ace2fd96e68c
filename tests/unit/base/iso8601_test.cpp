#include "base/iso8601.hpp"

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

using namespace std::chrono_literals;

constexpr WallTime at(std::chrono::milliseconds since_epoch) { return WallTime(since_epoch); }

TEST(Iso8601, IsWritten) {
  EXPECT_EQ(format_iso8601(at(0ms)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_iso8601(at(1767323045s)), "2026-01-02T03:04:05Z");
  EXPECT_EQ(format_iso8601_basic(at(1767323045s)), "20260102T030405Z");
  EXPECT_EQ(format_iso8601(at(1709164800s)), "2024-02-29T00:00:00Z");
  EXPECT_EQ(format_iso8601(at(253402300799s)), "9999-12-31T23:59:59Z");
}

TEST(Iso8601, LeavesFractionsOut) {
  EXPECT_EQ(format_iso8601(at(999ms)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_iso8601(at(-1ms)), "1969-12-31T23:59:59Z");
}

TEST(Iso8601, IsRead) {
  EXPECT_EQ(parse_iso8601("2026-01-02T03:04:05Z"), at(1767323045s));
  EXPECT_EQ(parse_iso8601("1970-01-01T00:00:00Z"), at(0ms));
  EXPECT_EQ(parse_iso8601("2024-02-29T00:00:00Z"), at(1709164800s));
}

TEST(Iso8601, IsReadWithFractions) {
  EXPECT_EQ(parse_iso8601("1970-01-01T00:00:01.5Z"), at(1500ms));
  EXPECT_EQ(parse_iso8601("1970-01-01T00:00:01.007Z"), at(1007ms));
  EXPECT_EQ(parse_iso8601("1970-01-01T00:00:01.123456789Z"), at(1123ms));
}

TEST(Iso8601, IsReadWithOffsets) {
  EXPECT_EQ(parse_iso8601("1970-01-01T01:00:00+01:00"), at(0ms));
  EXPECT_EQ(parse_iso8601("1969-12-31T18:30:00-05:30"), at(0ms));
  EXPECT_EQ(parse_iso8601("1970-01-01T00:00:00.250+00:00"), at(250ms));
}

TEST(Iso8601, ReadsWhatItWrites) {
  for (std::int64_t second = -100'000'000'000; second < 250'000'000'000; second += 86'399'999) {
    if (second < -62'167'219'200) continue;  // before the year 0
    const WallTime time = at(std::chrono::seconds(second));
    EXPECT_EQ(parse_iso8601(format_iso8601(time)), time) << format_iso8601(time);
  }
}

TEST(Iso8601, RefusesEverythingElse) {
  for (const char* text : {"",
                           "2026",
                           "2026-01-02",
                           "2026-01-02T03:04:05",
                           "2026-01-02 03:04:05Z",
                           "2026-01-02T03:04Z",
                           "20260102T030405Z",
                           "2026-13-02T03:04:05Z",
                           "2026-00-02T03:04:05Z",
                           "2026-02-30T03:04:05Z",
                           "2025-02-29T03:04:05Z",
                           "2026-01-02T24:00:00Z",
                           "2026-01-02T03:60:05Z",
                           "2026-01-02T03:04:61Z",
                           "2026-01-02T03:04:05.Z",
                           "2026-01-02T03:04:05Zx",
                           " 2026-01-02T03:04:05Z",
                           "2026-01-02T03:04:05Z ",
                           "2026-01-02T03:04:05z",
                           "-026-01-02T03:04:05Z",
                           "2026-01-02T-3:04:05Z",
                           "2026-01-02T03:04:05+0100",
                           "2026-01-02T03:04:05+24:00",
                           "2026-01-02T03:04:05+01:60",
                           "2026-01-02T03:04:05+01:00Z",
                           "2026-01-02T03:04:05+",
                           "1767323045",
                           "never"}) {
    EXPECT_FALSE(parse_iso8601(text)) << text;
  }
}

TEST(Iso8601, RefusesEveryTruncation) {
  const std::string_view text = "2026-01-02T03:04:05.678+01:00";
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(parse_iso8601(text.substr(0, size))) << size;
}

}  // namespace
}  // namespace rolegate::base

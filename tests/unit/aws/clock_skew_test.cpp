#include "aws/clock_skew.hpp"

#include <gtest/gtest.h>

#include "base/iso8601.hpp"

namespace rolegate::aws {
namespace {

const base::WallTime kNow = *base::parse_iso8601("2026-01-02T03:04:05Z");

TEST(HttpDate, IsRead) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), base::parse_iso8601("1994-11-06T08:49:37Z"));
  EXPECT_EQ(parse_http_date("Thu, 29 Feb 2024 23:59:59 GMT"), base::parse_iso8601("2024-02-29T23:59:59Z"));
}

TEST(HttpDate, IsRefusedInAnyOtherForm) {
  for (const char* bad :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 31 Feb 2024 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Xxx 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:3x GMT"}) {
    EXPECT_FALSE(parse_http_date(bad)) << bad;
  }
}

TEST(ClockSkew, IsSaidInWords) {
  EXPECT_EQ(clock_skew_hint("Fri, 02 Jan 2026 02:54:00 GMT", kNow),
            "This machine's clock is 10 min 5 s ahead of AWS's; signatures must be at most a few minutes "
            "off. Set the clock.");
  EXPECT_NE(clock_skew_hint("Fri, 02 Jan 2026 06:14:05 GMT", kNow).find("3 h 10 min behind"),
            std::string::npos);
  EXPECT_NE(clock_skew_hint("Mon, 05 Jan 2026 04:04:05 GMT", kNow).find("3 d 1 h behind"), std::string::npos);
}

TEST(ClockSkew, IsNotMentionedWhenItIsSmallOrUnknown) {
  EXPECT_EQ(clock_skew_hint("Fri, 02 Jan 2026 03:05:00 GMT", kNow), "");
  EXPECT_EQ(clock_skew_hint("", kNow), "");
  EXPECT_EQ(clock_skew_hint("yesterday", kNow), "");
}

}  // namespace
}  // namespace rolegate::aws

#include "aws/credential_providers/expiration.hpp"

#include <gtest/gtest.h>

#include "base/iso8601.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::milliseconds;

const base::WallTime kTime = *base::parse_iso8601("2026-01-02T03:04:05Z");

TEST(Expiration, IsReadInEveryFormThatBotocoreTakes) {
  for (const char* text : {"2026-01-02T03:04:05Z",
                           "2026-01-02t03:04:05z",
                           "2026-01-02 03:04:05Z",
                           "2026-01-02T03:04:05+00:00",
                           "2026-01-02T03:04:05+0000",
                           "2026-01-02T03:04:05+00",
                           "2026-01-02T03:04:05 +00:00",
                           "20260102T030405Z",
                           "20260102 030405Z",
                           "2026-01-02T030405Z",
                           "2026/01/02 03:04:05Z",
                           "2026-01-02T03:04:05 UTC",
                           "2026-01-02T03:04:05UTC",
                           "2026-01-02T03:04:05 GMT",
                           "2026-01-01T19:04:05-08:00",
                           "2026-01-02T04:34:05+0130",
                           " 2026-01-02T03:04:05Z ",
                           "Fri, 02 Jan 2026 03:04:05 GMT",
                           "Fri, 02 Jan 2026 03:04:05 +0000",
                           "02 Jan 2026 03:04:05 GMT",
                           "Fri Jan  2 03:04:05 2026 +0000",
                           "Fri Jan  2 03:04:05 UTC 2026"}) {
    EXPECT_EQ(parse_expiration(text), kTime) << text;
  }
  EXPECT_EQ(parse_expiration("2026-01-02T03:04:05.123456789Z"), kTime + milliseconds(123));
  EXPECT_EQ(parse_expiration("2026-01-02T03:04:05,5Z"), kTime + milliseconds(500));
  EXPECT_EQ(parse_expiration("2026-01-02T03:04Z"), kTime - std::chrono::seconds(5));
}

TEST(Expiration, IsNothingElse) {
  for (const char* text : {"",
                           " ",
                           "Z",
                           "never",
                           "2026-01-02",
                           "2026-01-02T03:04:05",
                           "2026-01-02T03:04:05 PST",
                           "1767323045",
                           "1767323045.5",
                           "2026-01-02T24:00:00Z",
                           "2026-13-02T03:04:05Z",
                           "2026-02-30T03:04:05Z",
                           "2026-01-02T03:04:05+00:00Z",
                           "2026-01-02T03:04:05 +0000 UTC",
                           "2026-01-02T03:04:05.Z",
                           "2026-01-02T03:0405Z",
                           "2026-01-02T03::04Z",
                           "2026-01-02TZ",
                           "2026-01-02T03:04:05+1",
                           "20260102",
                           "T",
                           "Fri, 02 Jan 2026 03:04:05",
                           "02 02 Jan 2026 03:04:05 GMT",
                           "02 Jan 2026 GMT",
                           "2026-01-02T03:04:05Z\n",
                           "\xff",
                           "2026-01-02T03:04:05,5,5Z"}) {
    EXPECT_FALSE(parse_expiration(text)) << text;
  }
  EXPECT_FALSE(
      parse_expiration(std::string(100'000, ' ') + "2026-01-02T03:04:05Z" + std::string(100'000, '1')));
}

}  // namespace
}  // namespace rolegate::aws

#include "base/token_bucket.hpp"

#include <algorithm>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace rolegate::base {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr SteadyTime kStart{std::chrono::hours(100)};

/// When one that was asked for at `now` is there.
std::optional<SteadyTime> begin(TokenBucket& bucket, SteadyTime now, milliseconds patience) {
  const auto wait = bucket.reserve(now, patience);
  return wait ? std::optional(now + *wait) : std::nullopt;
}

TEST(TokenBucket, LetsASecondsWorthThroughAtOnce) {
  TokenBucket bucket(100);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(bucket.reserve(kStart, 0ms), 0ms) << i;
  EXPECT_EQ(bucket.reserve(kStart, 0ms), std::nullopt);
  EXPECT_EQ(bucket.reserve(kStart, 10s), 10ms) << "and then one every hundredth of a second";
  EXPECT_EQ(bucket.reserve(kStart, 10s), 20ms);
}

TEST(TokenBucket, NeverLetsAnyoneThroughAMomentTooEarly) {
  TokenBucket bucket(3);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.reserve(kStart, 0ms), 0ms);
  EXPECT_EQ(bucket.reserve(kStart, 1s), 334ms) << "a third of a second, rounded up";
  EXPECT_EQ(bucket.reserve(kStart, 1s), 667ms);
}

TEST(TokenBucket, TakesNoPlaceForWhoDoesNotWait) {
  TokenBucket bucket(1);
  EXPECT_EQ(bucket.reserve(kStart, 0ms), 0ms);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(bucket.reserve(kStart, 999ms), std::nullopt);
  EXPECT_EQ(bucket.reserve(kStart, 1000ms), 1000ms) << "patience is long enough by a hair";
  EXPECT_EQ(bucket.reserve(kStart, 1999ms), std::nullopt);
}

TEST(TokenBucket, BoundsTheLineByPatience) {
  TokenBucket bucket(100);
  int places = 0;
  while (bucket.reserve(kStart, 5000ms)) ASSERT_LT(++places, 10'000);
  EXPECT_EQ(places, 100 + 500);
}

TEST(TokenBucket, FillsUpToOneSecondsWorthOnly) {
  TokenBucket bucket(10);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(bucket.reserve(kStart, 0ms), 0ms);
  // After a night (or a suspended laptop's), no more than at the start.
  int at_once = 0;
  while (bucket.reserve(kStart + 8h, 0ms)) ASSERT_LT(++at_once, 1000);
  EXPECT_EQ(at_once, 10);
  EXPECT_EQ(bucket.reserve(kStart + 8h + 99ms, 0ms), std::nullopt);
  EXPECT_EQ(bucket.reserve(kStart + 8h + 100ms, 0ms), 0ms);
}

TEST(TokenBucket, BearsAnyPatience) {
  TokenBucket bucket(1);
  EXPECT_EQ(bucket.reserve(kStart, milliseconds::max()), 0ms);
  EXPECT_EQ(bucket.reserve(kStart, milliseconds::max()), 1000ms);
  EXPECT_EQ(bucket.reserve(kStart, milliseconds::min()), std::nullopt);
}

TEST(TokenBucket, IsNoLimitAtZero) {
  TokenBucket bucket(0);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(bucket.reserve(kStart, 0ms), 0ms);
}

TEST(TokenBucket, HoldsVeryHighRates) {
  TokenBucket bucket(2'000'000'000);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(bucket.reserve(kStart, 0ms), 0ms);
}

/// The bucket the way one would explain it: tokens, filled up as time passes, and a queue that each waits in
/// until there is a token for it.
class SimulatedBucket {
 public:
  explicit SimulatedBucket(int per_second) : per_second_(per_second), tokens_(per_second) {}
  /// Milliseconds until a token is there for whoever asks at `now`, who takes it then.
  double wait(double now) {
    tokens_ = std::min<double>(per_second_, tokens_ + (now - last_) * per_second_ / 1000);
    last_ = now;
    return tokens_ >= 1 ? 0 : (1 - tokens_) * 1000 / per_second_;
  }
  void take() { tokens_ -= 1; }

 private:
  double per_second_;
  double tokens_;
  double last_ = 0;
};

TEST(TokenBucket, GoesAsASimulatedBucketDoes) {
  std::mt19937 random(42);
  for (const int per_second : {1, 2, 3, 7, 50, 100, 999}) {
    TokenBucket bucket(per_second);
    SimulatedBucket simulated(per_second);
    constexpr milliseconds kPatience(1500);
    double now = 0;
    std::map<long, int> begun;  // by second
    for (int i = 0; i < 20'000; ++i) {
      // Bursts and pauses; on average twice what is allowed.
      if (random() % 4 == 0)
        now += static_cast<double>(random() % static_cast<unsigned>(4000 / per_second + 1));
      const double expected = simulated.wait(now);
      const auto at = begin(bucket, kStart + milliseconds(static_cast<long>(now)), kPatience);
      if (at) {
        const double wait =
            static_cast<double>(std::chrono::duration_cast<milliseconds>(*at - kStart).count()) - now;
        ASSERT_NEAR(wait, expected, 1.01) << per_second << "/s, call " << i;
        simulated.take();
        ++begun[std::chrono::floor<seconds>(*at - kStart).count()];
      } else {
        ASSERT_GT(expected, 1500 - 1.01) << per_second << "/s, call " << i;
      }
    }
    // In whatever second: what the bucket held at its beginning, and what was filled up during it.
    for (const auto& [second, count] : begun)
      EXPECT_LE(count, 2 * per_second) << per_second << "/s, " << second;
    // Over all of it: the rate.
    const auto whole = begun.rbegin()->first + 1;
    long total = 0;
    for (const auto& [second, count] : begun) total += count;
    EXPECT_LE(total, (whole + 1) * per_second);
  }
}

TEST(TokenBucket, SaysHowLongToWaitBehindOthers) {
  TokenBucket bucket(10);
  EXPECT_EQ(bucket.wait(kStart), 0ms);
  EXPECT_EQ(bucket.wait(kStart, 9), 0ms);
  EXPECT_EQ(bucket.wait(kStart, 10), 100ms);
  EXPECT_EQ(bucket.wait(kStart, 14), 500ms) << "asking takes nothing";
  for (int i = 0; i < 12; ++i) EXPECT_TRUE(bucket.reserve(kStart, 1s));
  EXPECT_EQ(bucket.wait(kStart), 300ms);
  EXPECT_EQ(bucket.wait(kStart + 250ms, 1), 150ms);
}

}  // namespace
}  // namespace rolegate::base

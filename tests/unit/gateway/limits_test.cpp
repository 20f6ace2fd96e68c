#include "gateway/limits.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolegate::gateway {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

constexpr base::SteadyTime kStart{std::chrono::hours(100)};

TEST(AddressGroup, KeepsAnIpv4Address) {
  EXPECT_EQ(address_group("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address_group("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_NE(address_group("192.0.2.8"), address_group("192.0.2.7"));
}

TEST(AddressGroup, TakesIpv6ByThe64) {
  EXPECT_EQ(address_group("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(address_group("2001:DB8:1:2::1"), "2001:db8:1:2::/64");
  EXPECT_NE(address_group("2001:db8:1:3::1"), address_group("2001:db8:1:2::1"));
  EXPECT_EQ(address_group("::1"), "::/64");
  EXPECT_EQ(address_group("fe80::1%eth0"), "fe80::/64");
}

TEST(AddressGroup, LeavesEverythingElse) {
  for (const char* text : {"", "uid 1001", "%", "not:an:address", "1.2.3.4.5"})
    EXPECT_EQ(address_group(text), text);
}

/// What there is to wait after each of so many failures.
std::vector<long> waits(FailureSlowdown& slowdown, int failures) {
  std::vector<long> all;
  for (int i = 0; i < failures; ++i) {
    slowdown.failed("192.0.2.7", kStart);
    all.push_back(slowdown.wait("192.0.2.7", kStart).count());
  }
  return all;
}

void fail(FailureSlowdown& slowdown, const std::string& address, int times, base::SteadyTime now = kStart) {
  for (int i = 0; i < times; ++i) slowdown.failed(address, now);
}

TEST(FailureSlowdown, DoublesUpToItsBound) {
  FailureSlowdown slowdown;
  EXPECT_EQ(slowdown.wait("192.0.2.7", kStart), 0ms);
  EXPECT_THAT(waits(slowdown, 8), ElementsAre(0, 250, 500, 1000, 2000, 4000, 6000, 6000));
  fail(slowdown, "192.0.2.7", 5000);
  EXPECT_EQ(slowdown.wait("192.0.2.7", kStart), 6000ms);
}

TEST(FailureSlowdown, LeavesTimeForALoginInTenSeconds) { EXPECT_LE(FailureSlowdown::Limits{}.most, 7s); }

TEST(FailureSlowdown, EndsAtABoundThatIsNoDouble) {
  FailureSlowdown slowdown({.free = 0, .first = 300ms, .most = 1000ms});
  EXPECT_EQ(slowdown.wait("192.0.2.7", kStart), 0ms);
  EXPECT_THAT(waits(slowdown, 4), ElementsAre(300, 600, 1000, 1000));
}

TEST(FailureSlowdown, CountsEachAddressOfItsOwn) {
  FailureSlowdown slowdown;
  fail(slowdown, "192.0.2.7", 5);
  EXPECT_EQ(slowdown.wait("192.0.2.8", kStart), 0ms);
  EXPECT_EQ(slowdown.wait("uid 1001", kStart), 0ms);
  EXPECT_EQ(slowdown.wait("::ffff:192.0.2.7", kStart), 2000ms) << "the same IPv4 address";
}

TEST(FailureSlowdown, CountsANetworkOfIpv6AsOne) {
  FailureSlowdown slowdown;
  slowdown.failed("2001:db8::1", kStart);
  slowdown.failed("2001:db8::2", kStart);
  EXPECT_EQ(slowdown.wait("2001:db8::3", kStart), 250ms);
  EXPECT_EQ(slowdown.size(), 1);
}

TEST(FailureSlowdown, ForgivesOneFailureForEachWhileWithoutOne) {
  FailureSlowdown slowdown({.forgive_one = 30s});
  fail(slowdown, "192.0.2.7", 1000);
  EXPECT_EQ(slowdown.wait("192.0.2.7", kStart + 29s), 6000ms);
  std::vector<long> all;
  for (int i = 1; i <= 7; ++i) all.push_back(slowdown.wait("192.0.2.7", kStart + i * 30s).count());
  EXPECT_THAT(all, ElementsAre(4000, 2000, 1000, 500, 250, 0, 0));
  slowdown.failed("192.0.2.7", kStart + 60s);
  EXPECT_EQ(slowdown.wait("192.0.2.7", kStart + 60s), 4000ms) << "two were forgiven, one is new";
  EXPECT_EQ(slowdown.wait("192.0.2.7", kStart + 89s), 4000ms) << "counted from the last failure";
}

TEST(FailureSlowdown, DropsWhatIsForgiven) {
  FailureSlowdown slowdown({.forgive_one = 30s});
  for (int i = 0; i < 50; ++i) slowdown.failed("192.0.2." + std::to_string(i), kStart + seconds(i));
  EXPECT_EQ(slowdown.size(), 30) << "those of the last thirty seconds";
  slowdown.failed("192.0.2.200", kStart + 1h);
  EXPECT_EQ(slowdown.size(), 1);
}

TEST(FailureSlowdown, IsBoundedByItsTable) {
  FailureSlowdown slowdown({.addresses = 100});
  fail(slowdown, "192.0.2.1", 3);
  for (int i = 0; i < 100'000; ++i) {
    slowdown.failed("attacker " + std::to_string(i), kStart);
    ASSERT_LE(slowdown.size(), 100);
    // Whoever goes on failing stays in the table.
    if (i % 50 == 0) {
      EXPECT_GT(slowdown.wait("192.0.2.1", kStart), 0ms);
      slowdown.failed("192.0.2.1", kStart);
    }
  }
  slowdown.failed("attacker 99999", kStart);
  EXPECT_EQ(slowdown.wait("attacker 99999", kStart), 250ms) << "the newest was still there";
  slowdown.failed("attacker 0", kStart);
  EXPECT_EQ(slowdown.wait("attacker 0", kStart), 0ms) << "and the oldest was not";
}

TEST(FailureSlowdown, WorksWithoutATable) {
  FailureSlowdown slowdown({.addresses = 0});
  fail(slowdown, "192.0.2.1", 5);
  EXPECT_EQ(slowdown.wait("192.0.2.1", kStart), 0ms);
  EXPECT_EQ(slowdown.size(), 0);
}

TEST(FailureSlowdown, IsUsedByManyThreads) {
  FailureSlowdown slowdown({.addresses = 10});
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&slowdown, t] {
      for (int i = 0; i < 2000; ++i) {
        slowdown.failed(std::to_string((i * 7 + t) % 20), kStart + milliseconds(i));
        EXPECT_LE(slowdown.wait(std::to_string(i % 20), kStart + milliseconds(i)), 6000ms);
        EXPECT_LE(slowdown.size(), 10);
      }
    });
  }
}

TEST(OnceAMinute, IsDueAtOnceAndThenAMinuteAfterItWasLast) {
  OnceAMinute warning;
  EXPECT_TRUE(warning.is_due(kStart));
  for (const auto later : {0ms, 1ms, 30000ms, 59999ms}) EXPECT_FALSE(warning.is_due(kStart + later));
  EXPECT_TRUE(warning.is_due(kStart + 60s));
  EXPECT_FALSE(warning.is_due(kStart + 119s));
  EXPECT_TRUE(warning.is_due(kStart + 120s));
}

TEST(OnceAMinute, IsDueForOneOfManyThreads) {
  OnceAMinute warning;
  std::atomic<int> due{0};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 2000; ++i) due += warning.is_due(kStart) ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(due, 1);
}

/// When one that was asked for at `now` is there.
std::optional<base::SteadyTime> begin(TokenBucket& bucket, base::SteadyTime now, milliseconds patience) {
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
}  // namespace rolegate::gateway

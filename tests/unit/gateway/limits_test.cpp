#include "gateway/limits.hpp"

#include <algorithm>
#include <atomic>
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

}  // namespace
}  // namespace rolegate::gateway

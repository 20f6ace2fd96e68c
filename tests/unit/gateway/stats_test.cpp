#include "gateway/stats.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolegate::gateway {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::Pair;

base::WallTime at(int second) { return base::WallTime(seconds(1'767'323'045 + second)); }

login::Step step(login::StepName name, microseconds duration) {
  login::Step made;
  made.name = name;
  made.duration = duration;
  return made;
}

std::size_t bucket_of(microseconds duration) {
  Histogram histogram;
  histogram.add(duration);
  const auto found = std::ranges::find(histogram.counts, 1U);
  return static_cast<std::size_t>(found - histogram.counts.begin());
}

TEST(Histogram, CountsABoundInItsOwnBucket) {
  EXPECT_EQ(bucket_of(microseconds(0)), 0U);
  for (std::size_t i = 0; i < kDurationBuckets.size(); ++i) {
    const auto bound = std::chrono::round<microseconds>(std::chrono::duration<double>(kDurationBuckets[i]));
    EXPECT_EQ(bucket_of(bound), i) << kDurationBuckets[i];
    EXPECT_EQ(bucket_of(bound + microseconds(1)), i + 1) << kDurationBuckets[i];
  }
  EXPECT_EQ(bucket_of(std::chrono::hours(10)), kDurationBuckets.size());
}

TEST(Histogram, SumsSeconds) {
  Histogram histogram;
  histogram.add(milliseconds(250));
  histogram.add(seconds(2));
  EXPECT_DOUBLE_EQ(histogram.sum, 2.25);
}

TEST(Histogram, TakesLessThanNothingForNothing) {
  Histogram histogram;
  histogram.add(seconds(-3));
  EXPECT_EQ(histogram.counts[0], 1U);
  EXPECT_EQ(histogram.sum, 0);
}

TEST(DatabaseStats, CountsLoginsByOutcomeAndStepsByName) {
  DatabaseStats stats("orders", config::Engine::mysql);
  stats.login_ended(
      at(0), "ok", "",
      {step(login::StepName::tcp, milliseconds(2)), step(login::StepName::tls, milliseconds(7))});
  stats.login_ended(at(1), "ok", "", {step(login::StepName::tcp, milliseconds(3))});
  stats.login_ended(at(2), "assume_role_denied", "STS refused.", {});
  stats.sessions = 2;
  stats.bytes_to_client = 1000;
  stats.bytes_to_database = 10;

  const DatabaseStats::Snapshot seen = stats.snapshot();
  EXPECT_EQ(seen.name, "orders");
  EXPECT_EQ(seen.engine, config::Engine::mysql);
  EXPECT_EQ(seen.sessions, 2);
  EXPECT_EQ(seen.bytes_to_client, 1000U);
  EXPECT_EQ(seen.bytes_to_database, 10U);
  EXPECT_THAT(seen.logins, ElementsAre(Pair("assume_role_denied", 1U), Pair("ok", 2U)));
  ASSERT_EQ(seen.steps.size(), 2U);
  EXPECT_EQ(seen.steps.at(login::StepName::tcp).counts[3], 2U);
  EXPECT_DOUBLE_EQ(seen.steps.at(login::StepName::tcp).sum, 0.005);
  EXPECT_EQ(seen.steps.at(login::StepName::tls).counts[4], 1U);
}

TEST(DatabaseStats, KnowsNoLastLoginBeforeTheFirst) {
  EXPECT_FALSE(DatabaseStats("orders", config::Engine::mysql).snapshot().last_login);
}

TEST(DatabaseStats, RemembersHowTheLastLoginEnded) {
  DatabaseStats stats("orders", config::Engine::postgresql);
  stats.login_ended(at(0), "assume_role_denied", "STS refused.", {});
  auto last = stats.snapshot().last_login;
  ASSERT_TRUE(last);
  EXPECT_EQ(last->at, at(0));
  EXPECT_EQ(last->outcome, "assume_role_denied");
  EXPECT_EQ(last->message, "STS refused.");

  stats.login_ended(at(1), "ok", "", {});
  last = stats.snapshot().last_login;
  ASSERT_TRUE(last);
  EXPECT_EQ(last->outcome, "ok");
  EXPECT_EQ(last->message, "");

  stats.forget_last_login();
  EXPECT_FALSE(stats.snapshot().last_login);
}

TEST(DatabaseStats, LetsAnOvertakenLoginNotHaveTheLastWord) {
  DatabaseStats stats("orders", config::Engine::postgresql);
  stats.login_ended(at(5), "ok", "", {});
  stats.login_ended(at(4), "connect_timeout", "Too slow.", {});
  const auto seen = stats.snapshot();
  EXPECT_EQ(seen.last_login->outcome, "ok");
  EXPECT_EQ(seen.logins.at("connect_timeout"), 1U);
}

TEST(Stats, ShowsEveryCounter) {
  Stats stats;
  stats.connections = 1;
  stats.connections_now = 2;
  stats.authenticating_now = 3;
  stats.cancels = 4;
  stats.probes = 8;
  stats.logins_held = 9;
  stats.audit_lines_lost = 5;
  stats.reloads = 6;
  stats.reloads_failed = 7;
  for (std::size_t i = 0; i < kRefusals; ++i) {
    for (std::size_t times = 0; times <= i; ++times) stats.refused(static_cast<Refusal>(i));
  }

  const Stats::Snapshot seen = stats.snapshot();
  EXPECT_EQ(seen.connections, 1U);
  EXPECT_EQ(seen.connections_now, 2);
  EXPECT_EQ(seen.authenticating_now, 3);
  EXPECT_EQ(seen.cancels, 4U);
  EXPECT_EQ(seen.probes, 8U);
  EXPECT_EQ(seen.logins_held, 9U);
  EXPECT_EQ(seen.audit_lines_lost, 5U);
  EXPECT_EQ(seen.reloads, 6U);
  EXPECT_EQ(seen.reloads_failed, 7U);
  EXPECT_THAT(seen.refusals, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
}

TEST(Stats, NamesEveryRefusalDifferently) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kRefusals; ++i) names.insert(refusal_name(static_cast<Refusal>(i)));
  EXPECT_EQ(names.size(), kRefusals);
  EXPECT_FALSE(names.contains(""));
}

TEST(Stats, CountsFromSeveralThreads) {
  constexpr int kThreads = 4;
  constexpr int kTimes = 500;
  Stats stats;
  DatabaseStats orders("orders", config::Engine::postgresql);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kTimes; ++n) {
        orders.login_ended(at(n), "ok", "", {step(login::StepName::tcp, milliseconds(1))});
        stats.refused(Refusal::timeout);
        if (n % 50 == 0) EXPECT_FALSE(orders.snapshot().logins.empty());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  const DatabaseStats::Snapshot seen = orders.snapshot();
  EXPECT_EQ(seen.logins.at("ok"), std::uint64_t{kThreads} * kTimes);
  const auto& counts = seen.steps.at(login::StepName::tcp).counts;
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}),
            std::uint64_t{kThreads} * kTimes);
  EXPECT_EQ(stats.snapshot().refusals[static_cast<std::size_t>(Refusal::timeout)],
            std::uint64_t{kThreads} * kTimes);
}

}  // namespace
}  // namespace rolegate::gateway

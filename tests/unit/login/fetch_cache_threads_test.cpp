// One call for many threads, deadlines, renewal behind everybody's back, and Fresh::yes.
#include <thread>
#include <vector>

#include "login/fetch_cache.hpp"
#include "unit/login/fetch_cache_fixture.hpp"

namespace rolegate::login {
namespace {

using namespace std::chrono_literals;

using SingleFlight = FetchCacheTest;

/// Runs `work` on 64 threads at once.
template <typename Work>
std::vector<std::thread> on_64_threads(Work work) {
  std::vector<std::thread> threads;
  for (int n = 0; n < 64; ++n) threads.emplace_back(work);
  return threads;
}

TEST_F(SingleFlight, Makes1CallFor64ThreadsAnd1MoreForAnotherKey) {
  gate.close();
  std::atomic<int> right{0};
  auto threads = on_64_threads([&] { right += value("a") == 1 ? 1 : 0; });
  ASSERT_TRUE(test::eventually([&] { return cache.counts().misses == 64; }));
  gate.open();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 64);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(value("b"), 2);
  EXPECT_EQ(calls, 2);
}

TEST_F(SingleFlight, HandsAnExceptionToEveryWaiter) {
  gate.close();
  throwing = true;
  std::atomic<int> failed{0};
  auto threads = on_64_threads([&] {
    const auto answer = get("a");
    if (!answer && answer.error().code == "call_failed") ++failed;
  });
  ASSERT_TRUE(test::eventually([&] { return cache.counts().misses == 64; }));
  gate.open();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, 64);
  EXPECT_EQ(calls, 1);
}

TEST_F(SingleFlight, HonoursEachWaitersDeadlineAndIsNotLostWhenItsStarterGivesUp) {
  gate.close();
  const auto starter = get("a", Fresh::no, base::Deadline::in(20ms));
  ASSERT_FALSE(starter);
  EXPECT_EQ(starter.error().code, "login_timeout");
  EXPECT_TRUE(starter.error().retryable);
  EXPECT_NE(starter.error().message.find("entry a"), std::string::npos);
  std::thread patient([&] { EXPECT_EQ(value("a"), 1); });
  const auto hasty = get("a", Fresh::no, base::Deadline::in(20ms));
  EXPECT_FALSE(hasty);
  gate.open();
  patient.join();
  EXPECT_EQ(calls, 1);
}

TEST_F(SingleFlight, LetsWaitersGoWhenThePoolStops) {
  gate.close();
  // The lane holds two calls; the third one is queued and will never be made.
  std::vector<std::thread> threads;
  for (const char* name : {"eu/a", "eu/b"}) threads.emplace_back([this, name] { EXPECT_NE(value(name), 0); });
  ASSERT_TRUE(gate.wait_for_arrivals(2));
  threads.emplace_back([this] {
    const auto answer = get("eu/c");
    EXPECT_FALSE(answer);
    gate.open();  // which also lets stop() end
  });
  ASSERT_TRUE(test::eventually([&] { return cache.counts().misses == 3; }));
  pool.stop();
  for (auto& thread : threads) thread.join();
}

using BackgroundRenewal = FetchCacheTest;

TEST_F(BackgroundRenewal, RenewsAnEntryInUseBeforeItsTtlEndsAndNoLoginWaits) {
  EXPECT_EQ(value("a"), 1);
  EXPECT_EQ(value("a"), 1);  // in use
  clock.advance(8min);
  gate.close();
  EXPECT_TRUE(cache.renew_due());
  ASSERT_TRUE(gate.wait_for_arrivals(2));
  for (int n = 0; n < 100; ++n) EXPECT_EQ(get("a")->origin, Origin::cached);  // while the call is held
  EXPECT_TRUE(cache.renew_due());
  EXPECT_EQ(calls, 2) << "a renewal under way must not be started again";
  gate.open();
  ASSERT_TRUE(renewed(1));
  clock.advance(5min);  // past the first one's TTL
  EXPECT_EQ(get("a")->origin, Origin::cached);
  EXPECT_EQ(value("a"), 2);
  EXPECT_EQ(calls, 2);
}

TEST_F(BackgroundRenewal, IsAlsoStartedByALoginThatFindsItDue) {
  EXPECT_EQ(value("a"), 1);
  clock.advance(9min);
  gate.close();
  EXPECT_EQ(get("a")->origin, Origin::cached);
  ASSERT_TRUE(gate.wait_for_arrivals(2));
  gate.open();
  ASSERT_TRUE(renewed(1));
  EXPECT_EQ(value("a"), 2);
}

TEST_F(BackgroundRenewal, LetsWhatNobodyAsksForLapse) {
  EXPECT_EQ(value("a"), 1);
  clock.advance(9min);
  EXPECT_FALSE(cache.renew_due());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(value("a"), 1);  // now it is in use, and this starts a renewal …
  ASSERT_TRUE(renewed(1));
  clock.advance(9min);  // … after which nobody asked
  EXPECT_FALSE(cache.renew_due());
  EXPECT_EQ(calls, 2);
}

TEST_F(BackgroundRenewal, RenewsAtOnceWhatEndedWhileTheMachineWasSuspended) {
  EXPECT_EQ(value("a"), 1);
  EXPECT_EQ(value("a"), 1);
  clock.jump(8h);
  EXPECT_TRUE(cache.renew_due());
  ASSERT_TRUE(renewed(1));
  EXPECT_EQ(get("a")->origin, Origin::cached);
  EXPECT_EQ(value("a"), 2);
}

TEST_F(BackgroundRenewal, GivesUpWhatEndedAndCannotBeRenewed) {
  EXPECT_EQ(value("a"), 1);
  EXPECT_EQ(value("a"), 1);
  failing = true;
  clock.advance(2h);
  EXPECT_TRUE(cache.renew_due());
  ASSERT_TRUE(test::eventually([&] {
    clock.advance(15s);
    return !cache.renew_due();
  }));
  EXPECT_EQ(calls, 2);
}

TEST_F(BackgroundRenewal, IsNotDelayedByAnotherLaneThatStalls) {
  for (const char* name : {"eu/a", "eu/b", "eu/c", "us/a"}) {
    (void)get(name);
    (void)get(name);
  }
  clock.advance(9min);
  gate.close();
  EXPECT_TRUE(cache.renew_due());
  // Two of eu's three calls and the one of us are made, although all of them stall.
  EXPECT_TRUE(gate.wait_for_arrivals(4 + 3));
  gate.open();
  EXPECT_TRUE(renewed(4));
}

using FreshFetch = FetchCacheTest;

TEST_F(FreshFetch, PassesTheCacheBy) {
  EXPECT_EQ(value("a"), 1);
  clock.advance(1s);
  EXPECT_EQ(value("a", Fresh::yes), 2);
  EXPECT_EQ(value("a"), 2);
}

TEST_F(FreshFetch, Makes1CallFor64RefusedLogins) {
  EXPECT_EQ(value("a"), 1);
  clock.advance(2s);
  gate.close();
  std::atomic<int> right{0};
  auto threads = on_64_threads([&] { right += value("a", Fresh::yes) == 2 ? 1 : 0; });
  ASSERT_TRUE(test::eventually([&] { return cache.counts().misses == 65; }));
  gate.open();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 64);
  EXPECT_EQ(value("a", Fresh::yes), 2) << "what was fetched within the last second is fresh";
  EXPECT_EQ(calls, 2);
  clock.advance(1s);
  EXPECT_EQ(value("a", Fresh::yes), 3);
}

TEST_F(FreshFetch, FailsRatherThanGiveTheRefusedOnesAgainAndAsksOncePerSecond) {
  EXPECT_EQ(value("a"), 1);
  clock.advance(2s);
  failing = true;
  EXPECT_FALSE(get("a", Fresh::yes));
  EXPECT_FALSE(get("a", Fresh::yes));
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(value("a"), 1) << "other logins go on with what is cached";
  clock.advance(1s);
  EXPECT_FALSE(get("a", Fresh::yes));
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace rolegate::login

#include "login/fetch_cache.hpp"

#include "unit/login/fetch_cache_fixture.hpp"

namespace rolegate::login {
namespace {

using namespace std::chrono_literals;

using FetchCacheBasics = FetchCacheTest;

TEST_F(FetchCacheBasics, FetchesOnceAndThenAnswersFromMemory) {
  const auto first = get("a");
  ASSERT_TRUE(first);
  EXPECT_EQ(first->origin, Origin::fetched);
  const auto second = get("a");
  EXPECT_EQ(second->origin, Origin::cached);
  EXPECT_EQ(second->value, first->value);
  EXPECT_EQ(value("b"), 2);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(cache.counts().hits, 1U);
  EXPECT_EQ(cache.counts().misses, 2U);
}

TEST_F(FetchCacheBasics, TellsOfTheFirstUseOnly) {
  (void)get("a");
  EXPECT_EQ(first_uses, 0);  // the login that fetched it is not a further use
  (void)get("a");
  (void)get("a");
  EXPECT_EQ(first_uses, 1);
}

TEST_F(FetchCacheBasics, FetchesAgainAfterTheTtl) {
  EXPECT_EQ(value("a"), 1);
  clock.advance(10min);
  EXPECT_EQ(value("a"), 2);
}

TEST_F(FetchCacheBasics, NeverAnswersFromMemoryInTheLastMinuteOfTheLife) {
  life = 5min;
  EXPECT_EQ(value("a"), 1);
  clock.advance(4min);
  EXPECT_EQ(value("a"), 2);
}

TEST_F(FetchCacheBasics, FetchesAgainWhenTheMachineWasSuspendedForLong) {
  EXPECT_EQ(value("a"), 1);
  clock.jump(8h);
  EXPECT_EQ(value("a"), 2);
}

TEST_F(FetchCacheBasics, DoesNotLiveLongerBecauseTheClockWasSetBack) {
  EXPECT_EQ(value("a"), 1);
  clock.jump(-24h);
  EXPECT_EQ(value("a"), 1);
  clock.advance(10min);
  EXPECT_EQ(value("a"), 2);
}

TEST_F(FetchCacheBasics, ShowsWhatItHoldsWithoutTouchingIt) {
  EXPECT_EQ(value("a"), 1);
  EXPECT_EQ(value("b"), 2);
  failing = true;
  EXPECT_FALSE(get("c"));
  const auto counts = cache.counts();
  auto held = cache.held();
  ASSERT_EQ(held.size(), 2U);
  EXPECT_EQ(held[0].key->name, "b");
  EXPECT_EQ(*held[0].value, 2);
  EXPECT_EQ(held[0].obtained_at, clock.now());
  EXPECT_EQ(held[1].key->name, "a");
  EXPECT_EQ(cache.counts().hits, counts.hits);
  EXPECT_EQ(cache.counts().misses, counts.misses);
  clock.advance(59min);
  EXPECT_EQ(cache.held().size(), 2U) << "stale, but still valid";
  clock.advance(1min);
  EXPECT_TRUE(cache.held().empty());
}

TEST_F(FetchCacheBasics, TurnsAnExceptionIntoAnError) {
  throwing = true;
  const auto answer = get("a");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "call_failed");
  throwing = false;
  clock.advance(1s);
  EXPECT_EQ(value("a"), 2);
}

TEST_F(FetchCacheBasics, SaysWhyWhenThePoolIsStopped) {
  pool.stop();
  const auto answer = get("a");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, "call_not_made");
}

class FetchCacheOfThree : public FetchCacheTest {
 protected:
  FetchCacheOfThree() : FetchCacheTest({.entries = 3}) {}
};

TEST_F(FetchCacheOfThree, EvictsTheLeastRecentlyUsed) {
  for (const char* name : {"a", "b", "c"}) (void)get(name);
  (void)get("a");
  EXPECT_EQ(value("d"), 4);
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_EQ(value("a"), 1);
  EXPECT_EQ(value("c"), 3);
  EXPECT_EQ(value("b"), 5) << "b was used longest ago and should be gone";
}

TEST_F(FetchCacheOfThree, DoesNotEvictWhatIsBeingFetched) {
  slow_gate.close();
  std::thread first([&] { EXPECT_EQ(value("slow"), 1); });
  ASSERT_TRUE(slow_gate.wait_for_arrivals(1));
  for (const char* name : {"a", "b", "c", "d"}) (void)get(name);  // "slow" is the least recently used by far
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_FALSE(get("slow", Fresh::no, base::Deadline::in(0ms)));
  slow_gate.open();
  first.join();
  EXPECT_EQ(value("slow"), 1);
  EXPECT_EQ(calls, 5) << "the second asker should have joined the first one's call";
}

TEST_F(FetchCacheOfThree, StaysBoundedWhenEverythingIsBeingFetched) {
  gate.close();
  for (const char* name : {"a", "b", "c", "d", "e"})
    EXPECT_FALSE(get(name, Fresh::no, base::Deadline::in(0ms)));
  EXPECT_EQ(cache.size(), 3U);
}

using FetchCacheFailures = FetchCacheTest;

TEST_F(FetchCacheFailures, AsksOncePerSecondWhileAKeyKeepsFailing) {
  failing = true;
  for (int n = 0; n < 10; ++n) {
    const auto answer = get("a");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().message, "AWS is down.");
  }
  EXPECT_EQ(calls, 1);
  clock.advance(999ms);
  EXPECT_FALSE(get("a"));
  EXPECT_EQ(calls, 1);
  clock.advance(1ms);
  EXPECT_FALSE(get("a"));
  EXPECT_EQ(calls, 2);
  for (int n = 3; n < 20; ++n) {  // never longer, however often it fails
    clock.advance(1s);
    EXPECT_FALSE(get("a"));
    EXPECT_EQ(calls, n);
  }
}

TEST_F(FetchCacheFailures, DoesNotMakeOtherKeysWait) {
  failing = true;
  EXPECT_FALSE(get("a"));
  failing = false;
  EXPECT_EQ(value("b"), 2);
}

TEST_F(FetchCacheFailures, ForgetsTheFailureAfterASuccess) {
  failing = true;
  EXPECT_FALSE(get("a"));
  failing = false;
  clock.advance(1s);
  EXPECT_EQ(value("a"), 2);
  EXPECT_EQ(value("a"), 2);
}

TEST_F(FetchCacheFailures, GoesOnWithWhatIsStillValidAndWarns) {
  EXPECT_EQ(value("a"), 1);
  failing = true;
  clock.advance(11min);
  const auto answer = get("a");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->origin, Origin::stale);
  EXPECT_EQ(*answer->value, 1);
  ASSERT_EQ(log.warnings().size(), 1U);
  EXPECT_EQ(log.warnings()[0],
            "entry a could not be renewed (1 in a row); logins go on with what there is until "
            "2026-01-02T04:04:00Z: AWS is down.");
  EXPECT_EQ(cache.counts().renewal_failures, 1U);
  EXPECT_EQ(cache.counts().stale_answers, 1U);
  EXPECT_EQ(value("a"), 1);
  EXPECT_EQ(calls, 2) << "the second login within the second must not ask again";
}

TEST_F(FetchCacheFailures, NeverUsesWhatHasExpired) {
  EXPECT_EQ(value("a"), 1);
  failing = true;
  clock.advance(1h - 6s);
  EXPECT_EQ(value("a"), 1);
  clock.advance(1s);
  const auto answer = get("a");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "AWS is down.");
}

TEST_F(FetchCacheFailures, DoesNotLetLoginsWaitForALaterAttemptWhileSomethingIsValid) {
  EXPECT_EQ(value("a"), 1);
  failing = true;
  clock.advance(11min);
  EXPECT_EQ(value("a"), 1);
  gate.close();
  clock.advance(1s);
  EXPECT_EQ(get("a")->origin, Origin::stale);  // would hang for its patience if it waited
  ASSERT_TRUE(gate.wait_for_arrivals(3));      // but it did start an attempt
  failing = false;
  gate.open();
  ASSERT_TRUE(renewed(1));
  EXPECT_EQ(get("a")->origin, Origin::cached);
  EXPECT_EQ(value("a"), 3);
}

TEST_F(FetchCacheFailures, WarnsAtPowersOfTwoOnly) {
  EXPECT_EQ(value("a"), 1);
  failing = true;
  clock.advance(11min);
  for (unsigned n = 1; n <= 9; ++n) {
    EXPECT_EQ(value("a"), 1);
    ASSERT_TRUE(test::eventually([&] { return cache.counts().renewal_failures == n; }));
    clock.advance(kLongestRenewalPause);
  }
  EXPECT_TRUE(test::eventually([&] { return log.warnings().size() == 4U; }));  // 1, 2, 4, 8
}

class FetchCacheImpatient : public FetchCacheTest {
 protected:
  FetchCacheImpatient() : FetchCacheTest({.patience = 20ms}) {}
};

TEST_F(FetchCacheImpatient, GoesOnWithWhatIsValidWhenAwsStalls) {
  EXPECT_EQ(value("a"), 1);
  gate.close();
  clock.advance(11min);
  EXPECT_EQ(get("a")->origin, Origin::stale);
  gate.open();
  EXPECT_TRUE(test::eventually([&] { return get("a")->origin == Origin::cached; }));
  EXPECT_EQ(value("a"), 2) << "the call that stalled was not lost";
}

}  // namespace
}  // namespace rolegate::login

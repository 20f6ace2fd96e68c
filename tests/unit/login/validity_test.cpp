#include "login/validity.hpp"

#include <gtest/gtest.h>

namespace rolegate::login {
namespace {

using namespace std::chrono_literals;
using base::WallTime;

const WallTime kStart{std::chrono::milliseconds(1'767'323'045'000)};
const base::SteadyTime kSteadyStart{5s};

TEST(RoleValidity, IsTenMinutesWithRenewalTwoMinutesBefore) {
  EXPECT_EQ(role_validity(kStart, kStart + 1h), (Validity{kStart + 8min, kStart + 10min, kStart + 1h - 5s}));
}

TEST(RoleValidity, NeverPassesTheExpirationLessAMinute) {
  const Validity validity = role_validity(kStart, kStart + 6min);
  EXPECT_EQ(validity.fresh_until, kStart + 5min);
  EXPECT_EQ(validity.renew_at, kStart + 4min);  // a fifth of what there is
  EXPECT_EQ(validity.usable_until, kStart + 6min - 5s);
}

TEST(RoleValidity, IsStaleButUsableInTheLastMinute) {
  EXPECT_EQ(role_validity(kStart, kStart + 50s), (Validity{kStart, kStart, kStart + 45s}));
}

TEST(RoleValidity, OfWhatHasEndedAlreadyIsOverAtOnce) {
  EXPECT_EQ(role_validity(kStart, kStart - 1h), (Validity{kStart, kStart, kStart}));
}

TEST(RoleValidity, WithoutAnExpirationIsTheTtlAlone) {
  EXPECT_EQ(role_validity(kStart, std::nullopt), (Validity{kStart + 8min, kStart + 10min, WallTime::max()}));
}

TEST(RedshiftLoginValidity, LeavesAQuarterOfTheLife) {
  EXPECT_EQ(redshift_login_validity(kStart, kStart + 900s).fresh_until, kStart + 675s);
  EXPECT_EQ(redshift_login_validity(kStart, kStart + 1h).fresh_until, kStart + 45min);
  EXPECT_EQ(redshift_login_validity(kStart, kStart + 900s).usable_until, kStart + 895s);
}

TEST(RedshiftLoginValidity, LeavesAtLeastAMinute) {
  EXPECT_EQ(redshift_login_validity(kStart, kStart + 120s).fresh_until, kStart + 60s);
  EXPECT_EQ(redshift_login_validity(kStart, kStart + 30s).fresh_until, kStart);
}

TEST(RedshiftLoginValidity, HasNoBackgroundRenewal) {
  const Validity validity = redshift_login_validity(kStart, kStart + 900s);
  EXPECT_EQ(validity.renew_at, validity.fresh_until);
}

TEST(JudgedNow, GoesByTheWallClockWhileItRunsForward) {
  EXPECT_EQ(judged_now({kStart, kSteadyStart}, {kStart + 5min, kSteadyStart + 5min}), kStart + 5min);
}

TEST(JudgedNow, CountsTheTimeAMachineWasSuspended) {
  EXPECT_EQ(judged_now({kStart, kSteadyStart}, {kStart + 8h, kSteadyStart + 1s}), kStart + 8h);
}

TEST(JudgedNow, IsNotFooledByAClockSetBack) {
  EXPECT_EQ(judged_now({kStart, kSteadyStart}, {kStart - 24h, kSteadyStart + 7min}), kStart + 7min);
}

TEST(JudgedNow, RecoversFromAClockThatWasForwardForAWhile) {
  const Moment obtained{kStart, kSteadyStart};
  EXPECT_EQ(judged_now(obtained, {kStart + 24h, kSteadyStart + 1min}), kStart + 24h);
  EXPECT_EQ(judged_now(obtained, {kStart + 2min, kSteadyStart + 2min}), kStart + 2min);
}

TEST(PauseAfterFailure, IsOneSecondWhileLoginsFail) {
  for (const unsigned failures : {1U, 2U, 10U, 1'000'000U})
    EXPECT_EQ(pause_after_failure(failures, false), 1s);
}

TEST(PauseAfterFailure, GrowsToFifteenSecondsWhileLoginsGoOn) {
  EXPECT_EQ(pause_after_failure(1, true), 1s);
  EXPECT_EQ(pause_after_failure(2, true), 2s);
  EXPECT_EQ(pause_after_failure(4, true), 8s);
  EXPECT_EQ(pause_after_failure(5, true), 15s);
  EXPECT_EQ(pause_after_failure(4'000'000'000U, true), 15s);
}

}  // namespace
}  // namespace rolegate::login

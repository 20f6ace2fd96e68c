#include "login/refresher.hpp"

#include <gtest/gtest.h>

#include "support/gate.hpp"

namespace rolegate::login {
namespace {

using namespace std::chrono_literals;

TEST(Refresher, HasNoThreadBeforeTheFirstUse) {
  Refresher refresher([] { return true; }, 1ms);
  EXPECT_FALSE(refresher.started());
}

TEST(Refresher, ChecksAgainAndAgainWhileInUse) {
  test::Gate checks;
  Refresher refresher([&] { return checks.pass(); }, 1ms);
  refresher.arm();
  EXPECT_TRUE(checks.wait_for_arrivals(5));
}

TEST(Refresher, RestsWhenNothingIsInUseAndGoesOnWhenArmedAgain) {
  test::Gate checks;
  Refresher refresher(
      [&] {
        checks.pass();
        return false;
      },
      1ms);
  for (int n = 1; n <= 3; ++n) {
    ASSERT_TRUE(test::eventually([&] {
      refresher.arm();
      return checks.wait_for_arrivals(n);
    }));
  }
}

TEST(Refresher, StopsAtOnceInTheMiddleOfALongPeriod) {
  Refresher refresher([] { return true; }, 1h);
  refresher.arm();
  EXPECT_TRUE(refresher.started());
  refresher.stop();
  EXPECT_FALSE(refresher.started());
  refresher.arm();
  EXPECT_FALSE(refresher.started());
}

}  // namespace
}  // namespace rolegate::login

#include "gateway/session/session_limits.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "support/fake_clock.hpp"

namespace rolegate::gateway {
namespace {

using std::chrono::seconds;

class SessionLimitsTest : public testing::Test {
 protected:
  std::string after(std::chrono::milliseconds time) {
    clock_.advance(time);
    while (loop_.run_once()) {
    }
    return ended_;
  }

  test::FakeClock clock_;
  net::EventLoop loop_{clock_};
  std::string ended_;
  /// As the session does, it ends the limits as it is called.
  std::unique_ptr<SessionLimits> limits_ =
      std::make_unique<SessionLimits>(loop_, [this](std::string_view reason, const ClientError&) {
        ended_ += reason;
        limits_.reset();
      });
};

TEST_F(SessionLimitsTest, EndAnOldSession) {
  limits_->bound_age(loop_.now() + seconds(300));
  EXPECT_EQ(after(seconds(299)), "");
  EXPECT_EQ(after(seconds(1)), "max_age");
}

TEST_F(SessionLimitsTest, EndAnIdleSession) {
  base::SteadyTime since = loop_.now();
  limits_->bound_idleness(seconds(60), [&] { return since; });
  EXPECT_EQ(after(seconds(59)), "");
  since = loop_.now();
  EXPECT_EQ(after(seconds(59)), "");
  EXPECT_EQ(after(seconds(1)), "idle_timeout");
}

TEST_F(SessionLimitsTest, GiveAUserWhoMayNotStayTheGraceOnce) {
  limits_->bound_by(false, seconds(10), "ann");
  EXPECT_EQ(after(seconds(6)), "");
  limits_->bound_by(false, seconds(10), "ann");  // another reload does not begin it anew
  EXPECT_EQ(after(seconds(4)), "no_longer_allowed");
}

TEST_F(SessionLimitsTest, LetAUserStayWhoIsBack) {
  limits_->bound_by(false, seconds(10), "ann");
  limits_->bound_by(true, seconds(10), "ann");
  EXPECT_EQ(after(seconds(60)), "");
  limits_->bound_by(false, seconds(10), "ann");
  EXPECT_EQ(after(seconds(9)), "");
  EXPECT_EQ(after(seconds(1)), "no_longer_allowed");
}

}  // namespace
}  // namespace rolegate::gateway

#include "gateway/session/password_check.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.hpp"
#include "support/fake_clock.hpp"
#include "support/gate.hpp"

namespace rolegate::gateway {
namespace {

using Verdict = PasswordCheck::Verdict;

/// On the test's own loop; the pool has one thread, and room for one call that waits.
class PasswordCheckTest : public testing::Test {
 protected:
  ~PasswordCheckTest() override { gate_.open(); }

  std::unique_ptr<PasswordCheck> check(const std::string& password) {
    return std::make_unique<PasswordCheck>(
        loop_, pool_, "192.0.2.7", verifier_, base::Secret(password),
        [this](const base::Secret& right) {
          EXPECT_TRUE(right.equals("open sesame"));
          gate_.pass();
          ++remembered_;
        },
        [this](Verdict verdict) { verdicts_.push_back(verdict); });
  }
  /// Until the pool has nothing more to do, whoever may be told of it.
  void finish() {
    pool_.stop();
    run();
  }
  void run() {
    while (loop_.run_once()) {
    }
  }
  void occupy() {
    gate_.close();
    pool_.submit("another", base::CallPool::Urgency::login, [this] { gate_.pass(); });
    ASSERT_TRUE(gate_.wait_for_arrivals(1));
  }

  test::FakeClock clock_;
  net::EventLoop loop_{clock_};
  base::SystemRandom random_;
  const base::ScramVerifier verifier_ = base::ScramVerifier::of(base::Secret("open sesame"), random_, 1);
  std::atomic<int> remembered_{0};
  std::vector<Verdict> verdicts_;
  test::Gate gate_;
  base::CallPool pool_{{.threads = 1, .per_lane = 1, .queued = 1}};
};

TEST_F(PasswordCheckTest, TellsByTheLoopThatAPasswordIsRight) {
  const auto right = check("open sesame");
  ASSERT_TRUE(test::eventually([this] { return remembered_ == 1; }));
  EXPECT_TRUE(verdicts_.empty());
  finish();
  EXPECT_EQ(verdicts_, std::vector<Verdict>{true});
}

TEST_F(PasswordCheckTest, RemembersNoPasswordThatIsWrong) {
  const auto wrong = check("close sesame");
  ASSERT_TRUE(test::eventually([this] {
    run();
    return !verdicts_.empty();
  }));
  EXPECT_EQ(verdicts_, std::vector<Verdict>{false});
  EXPECT_EQ(remembered_, 0);
}

TEST_F(PasswordCheckTest, CanBeTakenBackAsLongAsItHasNotBegun) {
  occupy();
  auto waiting = check("open sesame");
  EXPECT_TRUE(waiting->cancel());
  waiting.reset();
  gate_.open();
  finish();
  EXPECT_TRUE(verdicts_.empty());
  EXPECT_EQ(remembered_, 0);
}

TEST_F(PasswordCheckTest, TellsItsVerdictThoughItWasTakenBackMeanwhile) {
  gate_.close();
  const auto running = check("open sesame");
  ASSERT_TRUE(gate_.wait_for_arrivals(1));
  EXPECT_FALSE(running->cancel());
  gate_.open();
  finish();
  EXPECT_EQ(verdicts_, std::vector<Verdict>{true});
}

TEST_F(PasswordCheckTest, TellsNobodyWhoHasGone) {
  occupy();
  check("open sesame").reset();
  gate_.open();
  finish();
  EXPECT_EQ(remembered_, 0);

  base::CallPool pool;
  gate_.close();
  auto running = std::make_unique<PasswordCheck>(
      loop_, pool, "192.0.2.7", verifier_, base::Secret("open sesame"),
      [this](const base::Secret&) { gate_.pass(); },
      [this](Verdict verdict) { verdicts_.push_back(verdict); });
  ASSERT_TRUE(gate_.wait_for_arrivals(2));
  running.reset();
  gate_.open();
  pool.stop();
  run();
  EXPECT_TRUE(verdicts_.empty());
}

TEST_F(PasswordCheckTest, SaysSoWhenNobodyHadTheTimeToLookAtIt) {
  occupy();
  const auto first = check("open sesame");
  const auto second = check("open sesame");
  EXPECT_TRUE(verdicts_.empty());  // by the loop
  run();
  EXPECT_EQ(verdicts_, std::vector<Verdict>{std::nullopt});
  gate_.open();
  ASSERT_TRUE(test::eventually([this] {
    run();
    return verdicts_.size() == 2;
  }));
  finish();
  const auto late = check("open sesame");
  run();
  EXPECT_EQ(verdicts_, (std::vector<Verdict>{std::nullopt, true, std::nullopt}));
}

}  // namespace
}  // namespace rolegate::gateway

#include "upstream/openings.hpp"

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "unit/upstream/opening_fixture.hpp"

namespace rolegate::upstream {
namespace {

class OpeningsTest : public OpeningTest {
 protected:
  [[nodiscard]] SessionProvider::Ticket lease() {
    return openings_->lease(
        wish(), terms(), [this](SessionProvider::Result result) { results_.push_back(std::move(result)); });
  }

  std::optional<Openings> openings_{std::in_place, loop_, services_};
  std::vector<SessionProvider::Result> results_;
};

TEST_F(OpeningsTest, OpenASessionForEachLease) {
  const auto first = lease();
  const auto second = lease();
  EXPECT_NE(first, second);
  EXPECT_EQ(openings_->under_way(), 2U);
  ASSERT_TRUE(comes_to([this] { return results_.size() == 2; }));
  EXPECT_TRUE(results_[0] && results_[1]);
  EXPECT_EQ(server_.connections, 2);
  EXPECT_EQ(openings_->under_way(), 0U);
}

TEST_F(OpeningsTest, CallNobodyWhoHasGivenUp) {
  const auto first = lease();
  static_cast<void>(lease());
  openings_->give_up(first);
  EXPECT_EQ(openings_->under_way(), 1U);
  ASSERT_TRUE(comes_to([this] { return !results_.empty(); }));
  settle();
  EXPECT_EQ(results_.size(), 1U);
  openings_->give_up(first);  // is ignored, as one that was called back is
}

TEST_F(OpeningsTest, MayGoInTheCall) {
  rate_ = std::make_shared<LoginRate>(1);
  static_cast<void>(openings_->lease(wish(), terms(), [this](SessionProvider::Result result) {
    openings_.reset();
    results_.push_back(std::move(result));
  }));
  static_cast<void>(lease());  // waits for its turn, and goes with them
  ASSERT_TRUE(comes_to([this] { return !results_.empty(); }));
  settle();
  EXPECT_EQ(results_.size(), 1U);
}

TEST_F(OpeningsTest, MayBeAskedAgainInTheCall) {
  static_cast<void>(openings_->lease(wish(), terms(), [this](SessionProvider::Result) {
    EXPECT_EQ(openings_->under_way(), 0U);
    static_cast<void>(lease());
  }));
  ASSERT_TRUE(comes_to([this] { return results_.size() == 1; }));
  EXPECT_TRUE(results_[0]);
}

}  // namespace
}  // namespace rolegate::upstream

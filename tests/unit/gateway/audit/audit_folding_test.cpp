#include "gateway/audit/audit_folding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rolegate::gateway {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr base::SteadyTime kStart{std::chrono::hours(100)};
const base::WallTime kWallStart(std::chrono::seconds(1'767'323'045));

AuditRecord failure(const std::string& group, const std::string& reason = "authentication_failed") {
  AuditRecord record;
  record.event = AuditRecord::Event::fail;
  record.client_group = group;
  record.reason = reason;
  return record;
}

/// Folds the failure `after` the start by either clock.
bool folds(AuditFolding& folding, AuditRecord record, std::chrono::seconds after) {
  record.time = kWallStart + after;
  return folding.fold(record, kStart + after);
}

TEST(AuditFolding, WritesTheFirstAndSumsUpTheRest) {
  AuditFolding folding;
  EXPECT_FALSE(folds(folding, failure("192.0.2.7"), 0s));
  for (int i = 1; i <= 59; ++i) EXPECT_TRUE(folds(folding, failure("192.0.2.7"), std::chrono::seconds(i)));
  EXPECT_THAT(folding.due(kStart + 59s), IsEmpty());
  const auto sums = folding.due(kStart + 60s);
  ASSERT_THAT(sums, SizeIs(1));
  EXPECT_EQ(sums[0].count, 59U);
  EXPECT_EQ(sums[0].first_time, kWallStart + 1s);
  EXPECT_EQ(sums[0].time, kWallStart + 59s);
  EXPECT_EQ(sums[0].reason, "authentication_failed");
}

TEST(AuditFolding, ShowsTheLastOfThem) {
  AuditFolding folding;
  AuditRecord record = failure("192.0.2.7");
  for (const char* user : {"alice", "bob", "carol"}) {
    record.user = user;
    (void)folds(folding, record, 0s);
  }
  const auto sums = folding.due(kStart + 60s);
  ASSERT_THAT(sums, SizeIs(1));
  EXPECT_EQ(sums[0].user, "carol");
}

TEST(AuditFolding, GoesOnAsLongAsFailuresDo) {
  AuditFolding folding;
  (void)folds(folding, failure("a"), 0s);
  (void)folds(folding, failure("a"), 1s);
  EXPECT_THAT(folding.due(kStart + 60s), SizeIs(1));
  EXPECT_TRUE(folds(folding, failure("a"), 61s)) << "still one line for each interval";
  EXPECT_THAT(folding.due(kStart + 119s), IsEmpty());
  EXPECT_THAT(folding.due(kStart + 120s), SizeIs(1));
  EXPECT_THAT(folding.due(kStart + 180s), IsEmpty()) << "nothing happened";
  EXPECT_EQ(folding.next(), std::nullopt) << "and it is forgotten";
  EXPECT_FALSE(folds(folding, failure("a"), 181s));
}

TEST(AuditFolding, TellsKindsApart) {
  AuditFolding folding;
  EXPECT_FALSE(folds(folding, failure("a"), 0s));
  EXPECT_FALSE(folds(folding, failure("b"), 0s));
  EXPECT_FALSE(folds(folding, failure("a", "protocol_violation"), 0s));
  AuditRecord other = failure("a");
  other.database = "orders";
  EXPECT_FALSE(folds(folding, other, 0s));
  other.listener = "127.0.0.1:6432";
  EXPECT_FALSE(folds(folding, other, 0s));
  EXPECT_TRUE(folds(folding, other, 0s));
  other.user = "alice";
  EXPECT_TRUE(folds(folding, other, 0s)) << "a name that somebody made up";
  other.user_is_known = true;
  EXPECT_FALSE(folds(folding, other, 0s));
  EXPECT_TRUE(folds(folding, failure("b"), 0s));
  std::vector<std::uint64_t> counts;
  for (const auto& sum : folding.due(kStart + 60s)) counts.push_back(sum.count);
  EXPECT_THAT(counts, ElementsAre(1, 2));
}

TEST(AuditFolding, NeverFoldsWhatIsNoFailure) {
  AuditFolding folding;
  for (const auto event : {AuditRecord::Event::open, AuditRecord::Event::close}) {
    AuditRecord record = failure("a");
    record.event = event;
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(folds(folding, record, 0s));
  }
  EXPECT_EQ(folding.next(), std::nullopt);
}

TEST(AuditFolding, SumsUpWhatItsTableHasNoRoomFor) {
  AuditFolding folding({.interval = 60s, .kinds = 100});
  int written = 0;
  for (int i = 0; i < 10'000; ++i) {
    if (!folds(folding, failure("attacker " + std::to_string(i)), std::chrono::seconds(i / 1000))) ++written;
  }
  EXPECT_EQ(written, 100);
  EXPECT_TRUE(folds(folding, failure("attacker 7"), 9s)) << "who is in the table stays there";
  const auto sums = folding.due(kStart + 60s);
  ASSERT_THAT(sums, SizeIs(2));
  EXPECT_EQ(sums[0].client_group, "attacker 7");
  EXPECT_EQ(sums[1].reason, AuditFolding::kMoreFailures);
  EXPECT_EQ(sums[1].count, 9900U);
  EXPECT_EQ(sums[1].client_group, "");
  EXPECT_EQ(sums[1].first_time, kWallStart);
  EXPECT_EQ(sums[1].time, kWallStart + 9s);
  EXPECT_FALSE(folds(folding, failure("somebody"), 61s)) << "there is room again";
}

TEST(AuditFolding, GivesEverythingWhenAsked) {
  AuditFolding folding;
  for (int i = 0; i < 3; ++i) {
    (void)folds(folding, failure("a"), 0s);
    (void)folds(folding, failure("b"), 0s);
  }
  EXPECT_THAT(folding.all(), SizeIs(2));
  EXPECT_THAT(folding.all(), IsEmpty()) << "each failure is in one line";
  EXPECT_TRUE(folds(folding, failure("a"), 1s)) << "the interval goes on";
  const auto sums = folding.due(kStart + 60s);
  ASSERT_THAT(sums, SizeIs(1));
  EXPECT_EQ(sums[0].count, 1U);
}

TEST(AuditFolding, SaysWhenItIsNextDue) {
  AuditFolding folding;
  EXPECT_EQ(folding.next(), std::nullopt);
  (void)folds(folding, failure("a"), 0s);
  (void)folds(folding, failure("b"), 30s);
  (void)folds(folding, failure("a"), 31s);
  EXPECT_EQ(folding.next(), kStart + 60s);
  EXPECT_THAT(folding.due(kStart + 60s), SizeIs(1));
  EXPECT_EQ(folding.next(), kStart + 90s);
}

}  // namespace
}  // namespace rolegate::gateway

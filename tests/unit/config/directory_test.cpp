#include "config/directory.hpp"

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "unit/config/make_database.hpp"

namespace rolegate::config {
namespace {

std::shared_ptr<const Snapshot> share(Snapshot snapshot) {
  return std::make_shared<const Snapshot>(std::move(snapshot));
}

TEST(Directory, BeginsWithAnEmptySnapshot) {
  const Directory directory;
  EXPECT_EQ(directory.snapshot()->revision, 0U);
  EXPECT_EQ(directory.snapshot()->databases.size(), 0U);
}

TEST(Directory, GivesTheSnapshotThatWasPublishedLast) {
  Directory directory;
  const auto empty = directory.snapshot();
  const auto first = share(empty->with(make_database("orders")));
  ASSERT_TRUE(directory.publish(empty, first));
  EXPECT_EQ(directory.snapshot(), first);
  const auto second = share(first->without("orders"));
  ASSERT_TRUE(directory.publish(first, second));
  EXPECT_EQ(directory.snapshot(), second);
  EXPECT_EQ(first->databases.size(), 1U) << "whoever holds the first still has it whole";
}

TEST(Directory, RefusesWhatDoesNotFollowFromThePresentSnapshot) {
  Directory directory;
  const auto empty = directory.snapshot();
  const auto first = share(empty->with(make_database("orders")));
  ASSERT_TRUE(directory.publish(empty, first));
  const auto elsewhere = share(empty->with(make_database("billing")));
  EXPECT_FALSE(directory.publish(empty, elsewhere));
  EXPECT_FALSE(directory.publish(elsewhere, share(elsewhere->with(make_database("stock")))))
      << "it is of the right revision, but would lose orders";
  EXPECT_EQ(directory.snapshot(), first);
}

TEST(Directory, TakesSeveralStepsAtOnce) {
  Directory directory;
  const auto empty = directory.snapshot();
  const auto both = share(empty->with(make_database("orders")).with(make_database("billing")));
  ASSERT_TRUE(directory.publish(empty, both));
  EXPECT_EQ(directory.snapshot(), both);
}

/// All databases of the snapshot of revision N have a timeout of N seconds.
Snapshot next(const Snapshot& before) {
  Config config;
  for (int i = 0; i < 40; ++i) {
    config.databases.push_back(make_database(fmt::format("db{}", i)));
    config.databases.back().uri.connect_timeout = std::chrono::seconds(before.revision + 1);
  }
  return before.reloaded(std::move(config));
}

TEST(Directory, ShowsEachReaderOneSnapshotAsAWhole) {
  constexpr std::uint64_t kLast = 200;
  Directory directory;
  const auto publish_next = [&directory] {
    const auto before = directory.snapshot();
    return directory.publish(before, share(next(*before)));
  };
  ASSERT_TRUE(publish_next());
  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      for (std::uint64_t seen = 1; !done;) {
        const auto snapshot = directory.snapshot();
        if (snapshot->revision < seen) ++torn;
        seen = snapshot->revision;
        if (snapshot->databases.size() != 40) ++torn;
        for (const DirectoryEntry& entry : snapshot->databases.entries()) {
          if (entry.database->uri.connect_timeout != std::chrono::seconds(seen)) ++torn;
        }
      }
    });
  }
  for (std::uint64_t revision = 2; revision <= kLast; ++revision) EXPECT_TRUE(publish_next());
  done = true;
  readers.clear();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(directory.snapshot()->revision, kLast);
}

TEST(Directory, LosesNothingWhenTwoPublishAtOnce) {
  constexpr int kEach = 100;
  constexpr int kAttempts = 100'000;
  Directory directory;
  {
    std::vector<std::jthread> writers;
    for (const std::string who : {"a", "b"}) {
      writers.emplace_back([&directory, who] {
        int published = 0;
        for (int attempt = 0; attempt < kAttempts && published < kEach; ++attempt) {
          const auto before = directory.snapshot();
          auto next = share(before->with(make_database(fmt::format("{}{}", who, published))));
          if (directory.publish(before, std::move(next))) ++published;
        }
      });
    }
  }
  EXPECT_EQ(directory.snapshot()->databases.size(), 2U * kEach);
  EXPECT_EQ(directory.snapshot()->revision, 2U * kEach);
}

}  // namespace
}  // namespace rolegate::config

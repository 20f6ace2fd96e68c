#include "upstream/resolve.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rolegate::upstream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::chrono::seconds kLong{20};

/// A name server that does not answer until it is let go. Owned by its look-ups too, as they outlive the
/// call.
class Stuck {
 public:
  LookedUp look_up() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_; });
    ++answered_;
    changed_.notify_all();
    return {{"192.0.2.1"}, {}, false};
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait_for_answers(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLong, [&] { return answered_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int answered_ = 0;
};

TEST(Resolve, LeavesAddressesAsTheyAre) {
  EXPECT_THAT(*resolve("192.0.2.7", 5432, base::Deadline::in(kLong)), ElementsAre("192.0.2.7"));
  EXPECT_THAT(*resolve("2001:db8::1", 5432, base::Deadline::in(kLong)), ElementsAre("2001:db8::1"));
}

TEST(Resolve, FindsLocalhost) {
  const auto addresses = resolve("localhost", 5432, base::Deadline::in(kLong));
  ASSERT_TRUE(addresses) << addresses.error().text();
  EXPECT_THAT(*addresses, testing::AnyOf(testing::Contains("127.0.0.1"), testing::Contains("::1")));
}

TEST(Resolve, SaysWhyThereIsNoAddress) {
  const auto found = resolve("db.invalid", 5432, base::Deadline::in(kLong), [](const std::string&) {
    return LookedUp{{}, "Name or service not known", false};
  });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, "resolve_failed");
  EXPECT_FALSE(found.error().retryable);
  EXPECT_EQ(found.error().message, "db.invalid cannot be resolved: Name or service not known.");
  EXPECT_THAT(found.error().hint, HasSubstr("connect_to"));
}

TEST(Resolve, GivesUpAtTheDeadlineAndLeavesTheThreadBehind) {
  const auto stuck = std::make_shared<Stuck>();
  const auto found = resolve("db.example.com", 5432, base::Deadline::in(std::chrono::milliseconds(20)),
                             [stuck](const std::string&) { return stuck->look_up(); });
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, "connect_timeout");
  EXPECT_TRUE(found.error().retryable);
  stuck->let_go();
  EXPECT_TRUE(stuck->wait_for_answers(1));
}

/// Of a name server that does not answer.
base::Result<std::vector<std::string>> ask(const std::shared_ptr<Stuck>& stuck) {
  return resolve("db.example.com", 5432, base::Deadline::in(std::chrono::milliseconds(1)),
                 [stuck](const std::string&) { return stuck->look_up(); });
}

TEST(Resolve, LeavesOnlySoManyThreadsBehind) {
  const auto stuck = std::make_shared<Stuck>();
  int left_behind = 0;
  auto last = ask(stuck);
  for (; last.error().code == "connect_timeout" && left_behind < 100; ++left_behind) last = ask(stuck);
  EXPECT_LE(left_behind, 32);
  EXPECT_EQ(last.error().code, "resolve_failed");
  EXPECT_TRUE(last.error().retryable);
  EXPECT_THAT(last.error().message, HasSubstr("earlier look-ups"));

  stuck->let_go();
  EXPECT_TRUE(stuck->wait_for_answers(left_behind));
  const auto until = std::chrono::steady_clock::now() + kLong;
  bool again = false;
  while (!again && std::chrono::steady_clock::now() < until) {
    again = resolve("localhost", 5432, base::Deadline::in(kLong), [](const std::string&) {
              return LookedUp{{"192.0.2.1"}, {}, false};
            }).has_value();
  }
  EXPECT_TRUE(again);
}

TEST(Resolve, CountsAnewInAChild) {
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "ThreadSanitizer lets no child of a process with threads start one";
#endif
#endif
  const auto stuck = std::make_shared<Stuck>();
  int left_behind = 0;
  while (ask(stuck).error().code == "connect_timeout" && left_behind < 100) ++left_behind;
  // None of these threads goes along with a fork.
  const pid_t child = ::fork();
  if (child == 0) ::_exit(ask(stuck).error().code == "connect_timeout" ? 0 : 1);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  stuck->let_go();
  EXPECT_TRUE(stuck->wait_for_answers(left_behind));
}

}  // namespace
}  // namespace rolegate::upstream

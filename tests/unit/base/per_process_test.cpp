#include "base/per_process.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>

namespace rolegate::base {
namespace {

/// What `work` gives in a child of fork(); -1 when the child died of something else.
int in_a_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

struct Counted {
  explicit Counted(std::atomic<int>& counter) : destroyed(counter) {}
  ~Counted() { ++destroyed; }
  std::atomic<int>& destroyed;
};

class PerProcessTest : public ::testing::Test {
 protected:
  std::atomic<int> made_ = 0;
  std::atomic<int> destroyed_ = 0;
  std::optional<PerProcess<Counted>> one_{std::in_place, [this] {
                                            ++made_;
                                            return std::make_unique<Counted>(destroyed_);
                                          }};
};

TEST_F(PerProcessTest, MakesOneForItsMaker) {
  Counted* const first = &one_->get();
  EXPECT_EQ(&one_->get(), first);
  one_.reset();
  EXPECT_EQ(made_, 1);
  EXPECT_EQ(destroyed_, 1);
}

TEST_F(PerProcessTest, GivesAChildItsOwnAndLetsItDestroyThatOnly) {
  Counted* const parents = &one_->get();
  EXPECT_EQ(in_a_child([&] {
              Counted* const own = &one_->get();
              if (own == parents || &one_->get() != own) return 1;
              one_.reset();
              return made_ == 2 && destroyed_ == 1 ? 0 : 2;
            }),
            0);
  EXPECT_EQ(&one_->get(), parents);
}

TEST_F(PerProcessTest, LeavesTheParentsAloneInAChildThatNeverAsked) {
  EXPECT_EQ(in_a_child([&] {
              one_.reset();
              return destroyed_.load();
            }),
            0);
}

TEST_F(PerProcessTest, GivesAllThreadsOfAChildTheSame) {
  EXPECT_EQ(in_a_child([&] {
              std::vector<Counted*> got(16);
              std::vector<std::thread> threads;
              for (Counted*& place : got) threads.emplace_back([&] { place = &one_->get(); });
              for (std::thread& thread : threads) thread.join();
              for (const Counted* each : got) {
                if (each != got.front()) return 1;
              }
              return made_ == destroyed_ + 2 ? 0 : 2;  // the losers of a race are gone
            }),
            0);
}

}  // namespace
}  // namespace rolegate::base

#include "base/fork_pause.hpp"

#include <atomic>
#include <chrono>
#include <latch>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rolegate::base {
namespace {

TEST(ForkPause, HoldsAForkOffUntilItIsOver) {
  std::latch begun(1);
  std::atomic<bool> half_done = false;
  std::thread busy([&] {
    const ForkPause no_fork;
    half_done = true;
    begun.count_down();
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();
    half_done = false;
  });
  begun.wait();
  const pid_t child = ::fork();
  if (child == 0) {
    const ForkPause in_the_child;  // can be had there as well
    ::_exit(half_done ? 1 : 0);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  busy.join();
}

std::atomic<int> makings{0};

/// Takes long enough for a fork to fall into it.
int make_slowly() {
  ++makings;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return 42;
}

TEST(MadeOnce, IsThereInAChildThatWasForkedWhileItWasMade) {
  std::thread other([] { EXPECT_EQ(made_once<make_slowly>(), 42); });
  while (makings == 0) std::this_thread::yield();
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);  // of a thread that it does not have
    ::_exit(made_once<make_slowly>() == 42 ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  other.join();
  EXPECT_EQ(makings, 1);
}

int make_anew() { return ++makings; }

TEST(MadeOnce, IsTheSameForEverybody) {
  makings = 0;
  const int* const first = &made_once<make_anew>();
  EXPECT_EQ(&made_once<make_anew>(), first);
  EXPECT_EQ(*first, 1);
}

}  // namespace
}  // namespace rolegate::base

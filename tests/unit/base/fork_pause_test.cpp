#include "base/fork_pause.hpp"

#include <atomic>
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

}  // namespace
}  // namespace rolegate::base

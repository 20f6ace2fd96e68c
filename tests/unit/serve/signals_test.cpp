#include "serve/signals.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace rolegate::serve {
namespace {

bool is_blocked(int signal) {
  sigset_t now{};
  ::pthread_sigmask(SIG_BLOCK, nullptr, &now);
  return ::sigismember(&now, signal) == 1;
}

TEST(Signals, AreToldAndDoNothingElse) {
  const Signals signals;
  EXPECT_EQ(signals.take(), 0);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
    ::kill(::getpid(), signal);
    pollfd waiting{signals.descriptor(), POLLIN, 0};
    ASSERT_EQ(::poll(&waiting, 1, 30'000), 1);
    EXPECT_EQ(signals.take(), signal);
    EXPECT_EQ(signals.take(), 0);
  }
}

TEST(Signals, ThatComeTooLateAreForgotten) {
  {
    const Signals signals;
    ::kill(::getpid(), SIGTERM);
  }
  EXPECT_FALSE(is_blocked(SIGTERM)) << "this process would have ended";
}

}  // namespace
}  // namespace rolegate::serve

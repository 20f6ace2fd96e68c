#include "serve/signals.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace rolegate::serve {
namespace {

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

TEST(Signals, ThatComeTooLateDoNothing) {
  {
    const Signals signals;
  }
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::kill(::getpid(), signal);
  SUCCEED() << "this process would have ended";
}

}  // namespace
}  // namespace rolegate::serve

#include "cli/output.hpp"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "base/environment.hpp"
#include "cli/style.hpp"
#include "unit/cli/string_output.hpp"

namespace rolegate::cli {
namespace {

using base::FixedEnvironment;

TEST(Output, WritesWhatItIsGivenInOrder) {
  StringOutput out;
  out.write("a");
  out.write_secret("b");
  out.write("c");
  EXPECT_EQ(out.text(), "abc");
}

TEST(Output, RemembersTheFirstFailureAndDropsTheRest) {
  StringOutput out;
  out.write("a");
  out.fail_with(ENOSPC);
  out.flush();
  out.fail_with(0);
  out.write("b");
  EXPECT_EQ(out.text(), "");
  EXPECT_EQ(out.error(), ENOSPC);
}

TEST(FdOutput, ReportsAFullDisk) {
  const int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  {
    FdOutput out(fd, {});
    out.write("rows");
    out.flush();
    EXPECT_EQ(out.error(), ENOSPC);
  }
  ::close(fd);
}

TEST(FdOutput, ReportsABrokenPipe) {
  ::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  ::close(ends[0]);
  {
    FdOutput out(ends[1], {});
    out.write_secret("rows");
    EXPECT_EQ(out.error(), EPIPE);
  }
  ::close(ends[1]);
}

TEST(Style, ColoursOnlyATerminalThatWantsThem) {
  const FixedEnvironment xterm({{"TERM", "xterm-256color"}});
  EXPECT_TRUE(style_of(true, xterm).colour);
  EXPECT_FALSE(style_of(false, xterm).colour);
  EXPECT_FALSE(style_of(true, FixedEnvironment({{"TERM", "xterm"}, {"NO_COLOR", "1"}})).colour);
  EXPECT_FALSE(style_of(true, FixedEnvironment({{"TERM", "dumb"}})).colour);
  EXPECT_FALSE(style_of(true, FixedEnvironment()).colour);
}

TEST(Style, KnowsAUtf8LocaleByTheFirstVariableThatIsSet) {
  EXPECT_TRUE(style_of(true, FixedEnvironment({{"LANG", "en_IE.UTF-8"}})).unicode);
  EXPECT_TRUE(style_of(true, FixedEnvironment({{"LC_CTYPE", "C.utf8"}, {"LANG", "C"}})).unicode);
  EXPECT_FALSE(style_of(true, FixedEnvironment({{"LC_ALL", "C"}, {"LANG", "en_IE.UTF-8"}})).unicode);
  EXPECT_FALSE(style_of(true, FixedEnvironment()).unicode);
}

}  // namespace
}  // namespace rolegate::cli

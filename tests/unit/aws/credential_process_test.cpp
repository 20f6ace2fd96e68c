#include "aws/credential_providers/credential_process.hpp"

#include <csignal>
#include <filesystem>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/credential_providers/run_command.hpp"
#include "unit/aws/provider_fixture.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;
using ::testing::Not;

struct Fixture : testing::ProviderFixture {
  SharedFiles files{environment, clock, log};
  CredentialProcess provider{files, "default", clock, log};

  /// A shell script as the profile's credential_process.
  void script(std::string_view text) {
    const std::string path = home.write("tool dir/tool", fmt::format("#!/bin/sh\n{}\n", text));
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    config_file(fmt::format("[default]\ncredential_process = '{}' \"an argument\"\n", path));
  }
  void prints(std::string_view json) {
    script(fmt::format("echo run >> '{}'\ncat <<'END'\n{}\nEND", home.path("runs"), json));
  }
  std::size_t runs() const {
    std::ifstream file(home.path("runs"));
    std::size_t lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    return lines;
  }
  std::string session(std::string_view key, minutes lifetime) const {
    return fmt::format(
        R"({{"Version":1,"AccessKeyId":"{}","SecretAccessKey":"s","SessionToken":"t","Expiration":"{}"}})",
        key, in(lifetime));
  }
};

TEST(CredentialProcess, TakesWhatTheProgramPrints) {
  Fixture f;
  f.prints(f.session("ASIA1", minutes(60)));
  const auto got = f.get(f.provider);
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ((*got)->access_key_id, "ASIA1");
  EXPECT_EQ((*got)->identity, "process:default");
  EXPECT_EQ((*got)->provider, "profile 'default' (credential_process)");
}

TEST(CredentialProcess, RunsItAgainOnlyBeforeTheEnd) {
  Fixture f;
  f.prints(f.session("ASIA1", minutes(60)));
  ASSERT_TRUE(f.get(f.provider));
  f.clock.advance(minutes(54));
  ASSERT_TRUE(f.get(f.provider));
  EXPECT_EQ(f.runs(), 1u);
  f.prints(f.session("ASIA2", minutes(60)));
  f.clock.advance(minutes(1));
  EXPECT_EQ((*f.get(f.provider))->access_key_id, "ASIA2");
  EXPECT_EQ(f.runs(), 2u);
}

TEST(CredentialProcess, KeepsKeysWithoutExpirationForAQuarterOfAnHour) {
  Fixture f;
  f.prints(R"({"Version":1,"AccessKeyId":"AKIA1","SecretAccessKey":"s"})");
  EXPECT_EQ((*f.get(f.provider))->identity, "AKIA1");
  f.clock.advance(minutes(14));
  EXPECT_TRUE(f.get(f.provider));
  EXPECT_EQ(f.runs(), 1u);
  f.prints(R"({"Version":1,"AccessKeyId":"AKIA2","SecretAccessKey":"s"})");
  f.clock.advance(minutes(1));
  EXPECT_EQ((*f.get(f.provider))->identity, "AKIA2");
  EXPECT_EQ(f.runs(), 2u);
}

TEST(CredentialProcess, SplitsWithoutAShell) {
  Fixture f;
  f.script("test $# = 1 && test \"$1\" = 'an argument' || exit 9\ncat <<'END'\n" +
           f.session("ASIA1", minutes(60)) + "\nEND");
  EXPECT_TRUE(f.get(f.provider));
  Fixture shell;
  shell.config_file("[default]\ncredential_process = echo hush; exit 0\n");
  const auto got = shell.get(shell.provider);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("did not print one JSON object"));
}

TEST(CredentialProcess, KeepsTheLastWordsOfAFailureAndNothingOfItsOutput) {
  Fixture f;
  f.script("echo hush\necho first >&2\nprintf 'please \\033[1mlog in\\n\\n' >&2\nexit 3");
  const auto got = f.get(f.provider);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, "credentials_unavailable");
  EXPECT_THAT(got.error().message,
              HasSubstr("config:2: the credential_process of profile 'default' ended with status 3: "
                        "please  [1mlog in."));
  EXPECT_THAT(got.error().text(), Not(HasSubstr("hush")));
}

TEST(CredentialProcess, SaysThatAProgramIsMissing) {
  Fixture f;
  f.config_file("[default]\ncredential_process = no-such-program-here --x\n");
  const auto got = f.get(f.provider);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("could not be run: No such file"));
  EXPECT_THAT(got.error().hint, HasSubstr("'no-such-program-here'"));
}

TEST(CredentialProcess, RefusesACommandThatIsNone) {
  Fixture f;
  f.config_file("[default]\ncredential_process = 'x\n");
  EXPECT_THAT(f.get(f.provider).error().message, HasSubstr("has a quote that is not closed"));
  f.config_file("[default]\ncredential_process =\n");
  EXPECT_THAT(f.get(f.provider).error().message, HasSubstr("is empty"));
}

TEST(CredentialProcess, StandsAsideWithoutOne) {
  Fixture f;
  f.config_file("[default]\n");
  EXPECT_EQ(*f.get(f.provider), nullptr);
  EXPECT_EQ(f.why_not, "profile 'default' has no credential_process");
}

TEST(RunCommand, StopsAProgramThatPrintsTooMuch) {
  const auto got = run_command({"yes", "hush"}, "It", base::Deadline::in(minutes(1)), 1000);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().message, "It printed more than 1000 bytes and was stopped.");
}

TEST(RunCommand, ReadsMuchOnStandardErrorWithoutHanging) {
  const auto got = run_command(
      {"sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo end >&2; echo out"}, "It",
      base::Deadline::in(minutes(1)), 1000);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->last_error_line, "end");
  EXPECT_EQ(got->output.reveal(), "out\n");
}

TEST(RunCommand, StopsAProgramThatTakesTooLong) {
  const auto got = run_command({"sh", "-c", "echo waiting >&2; exec sleep 1000"}, "It",
                               base::Deadline::in(std::chrono::milliseconds(300)), 1000);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("did not end in time and was stopped"));
  EXPECT_TRUE(got.error().retryable);
}

TEST(RunCommand, StopsItsChildrenToo) {
  testing::TemporaryFolder folder;
  const std::string path = folder.path("held");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int held = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(held, 0);
  // A deadline before the child is there proves nothing: then a later one.
  char said = 0;
  for (std::chrono::milliseconds time(500); said == 0 && time < minutes(1); time *= 2) {
    const auto got = run_command({"sh", "-c", "exec 3> \"$0\"; sleep 1000 & echo >&3; wait", path}, "It",
                                 base::Deadline::in(time), 1000);
    EXPECT_FALSE(got);
    if (::read(held, &said, 1) < 1) said = 0;
  }
  pollfd writers{held, POLLIN, 0};
  EXPECT_EQ(::poll(&writers, 1, 20'000), 1) << "the shell's child goes on and keeps the pipe open";
  EXPECT_NE(writers.revents & POLLHUP, 0);
  ::close(held);
}

TEST(RunCommand, DoesNotWaitForWhatKeepsItsOutputOpen) {
  const auto got = run_command({"sh", "-c", "sleep 1000 & echo $!"}, "It",
                               base::Deadline::in(std::chrono::milliseconds(300)), 1000);
  ASSERT_FALSE(got);
  EXPECT_THAT(got.error().message, HasSubstr("did not end in time"));
}

TEST(RunCommand, GivesItNoInputAndNoOpenFiles) {
  const auto got =
      run_command({"sh", "-c", "cat; ls /proc/self/fd | wc -l"}, "It", base::Deadline::in(minutes(1)), 1000);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->output.reveal(), "4\n") << "0, 1, 2 and the one ls reads the folder with";
}

TEST(RunCommand, TellsASignalAsAShellDoes) {
  const auto got = run_command({"sh", "-c", "kill -TERM $$"}, "It", base::Deadline::in(minutes(1)), 1000);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->exit_status, 128 + SIGTERM);
}

}  // namespace
}  // namespace rolegate::aws

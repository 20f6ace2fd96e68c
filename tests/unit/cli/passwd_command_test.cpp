#include "cli/passwd_command.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <stop_token>
#include <thread>

#include <gmock/gmock.h>
#include <poll.h>
#include <pty.h>
#include <unistd.h>

#include "base/scram.hpp"
#include "cli/new_password.hpp"
#include "cli/silent_terminal.hpp"
#include "config/read/load.hpp"
#include "unit/cli/string_output.hpp"

namespace rolegate::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

class CountingRandom final : public base::Random {
 public:
  void fill(std::span<unsigned char> out) override {
    for (unsigned char& byte : out) byte = ++last_;
  }

 private:
  unsigned char last_ = 0;
};

/// A descriptor to read from that holds `text` and then ends.
class Input {
 public:
  explicit Input(std::string_view text) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    fd_ = ends[0];
    EXPECT_EQ(::write(ends[1], text.data(), text.size()), std::ssize(text));
    ::close(ends[1]);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input() { ::close(fd_); }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

base::Result<base::Secret> read_from(std::string_view text) {
  const Input input(text);
  StringOutput prompts;
  auto password = read_new_password(input.fd(), prompts, "alice");
  EXPECT_EQ(prompts.text(), "");
  return password;
}

std::string code_of(std::string_view text) {
  const auto password = read_from(text);
  return password ? "taken" : std::string(password.error().code);
}

TEST(NewPassword, IsTheFirstLineOfStandardInput) {
  for (const char* text : {"correct horse", "correct horse\n", "correct horse\nnot this\n"}) {
    const auto password = read_from(text);
    ASSERT_TRUE(password) << password.error().text();
    EXPECT_EQ(password->reveal(), "correct horse");
  }
}

TEST(NewPassword, KeepsBlanksAndAllThatIsPrintable) {
  EXPECT_EQ(read_from("  a\"b'c\\ \xC3\xA4 \n")->reveal(), "  a\"b'c\\ \xC3\xA4 ");
}

TEST(NewPassword, IsPutTogetherFromPieces) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  std::thread writer([fd = ends[1]] {
    for (const char c : std::string_view("piece by piece\n")) EXPECT_EQ(::write(fd, &c, 1), 1);
    ::close(fd);
  });
  StringOutput prompts;
  const auto password = read_new_password(ends[0], prompts, "alice");
  writer.join();
  ::close(ends[0]);
  ASSERT_TRUE(password);
  EXPECT_EQ(password->reveal(), "piece by piece");
}

TEST(NewPassword, RefusesWhatIsNoPassword) {
  EXPECT_EQ(code_of(""), "password_unusable");
  EXPECT_EQ(code_of("\n"), "password_unusable");
  EXPECT_EQ(code_of("\nsecond line\n"), "password_unusable");
  EXPECT_EQ(code_of("with a line end of Windows\r\n"), "password_unusable");
  EXPECT_EQ(code_of("a\x1b[2Jb\n"), "password_unusable");
  EXPECT_EQ(code_of(std::string_view("a\0b\n", 4)), "password_unusable");
  EXPECT_EQ(code_of("\xFFnot UTF-8\n"), "password_unusable");
  EXPECT_EQ(code_of(std::string(1000, 'x') + "\n"), "taken");
  EXPECT_EQ(code_of(std::string(1001, 'x') + "\n"), "password_unusable");
  EXPECT_EQ(code_of(std::string(50000, 'x')), "password_unusable");
}

TEST(NewPassword, SaysWhenItsInputCannotBeRead) {
  StringOutput prompts;
  const auto password = read_new_password(-1, prompts, "alice");
  ASSERT_FALSE(password);
  EXPECT_EQ(password.error().code, "password_unreadable");
}

TEST(NewPassword, IsNotInWhatIsSaidAboutIt) {
  for (const char* bad : {"hunter2\x01", "hunter2\xFF"}) {
    EXPECT_THAT(check_new_password(bad).error().text(), Not(HasSubstr("hunter")));
  }
  for (const std::string& doubt : doubts_about("hunt\xC3\xA9")) EXPECT_THAT(doubt, Not(HasSubstr("hunt")));
}

TEST(NewPassword, IsDoubtedWhenShortOrNotAscii) {
  EXPECT_THAT(doubts_about("twelve chars"), IsEmpty());
  EXPECT_THAT(doubts_about("eleven char"), ElementsAre(HasSubstr("fewer than 12 characters")));
  EXPECT_THAT(doubts_about("zw\xC3\xB6lf Zeichen"), ElementsAre(HasSubstr("not ASCII")));
  EXPECT_THAT(doubts_about("\xC3\xB6\xC3\xB6\xC3\xB6\xC3\xB6\xC3\xB6\xC3\xB6"), testing::SizeIs(2));
}

/// A terminal whose far end is typed at by the test.
class Terminal : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::openpty(&far_, &near_, nullptr, nullptr, nullptr), 0); }
  void TearDown() override {
    ::close(near_);
    ::close(far_);
  }

  [[nodiscard]] bool echoes() const {
    termios now{};
    EXPECT_EQ(::tcgetattr(near_, &now), 0);
    return (now.c_lflag & ECHO) != 0;
  }
  void type(std::string_view text) const {
    EXPECT_EQ(::write(far_, text.data(), text.size()), std::ssize(text));
  }
  /// In a child process: is ended by the signal while the terminal is silent.
  void end_by(int signal) const {
    SilentTerminal silent(near_);
    if (echoes()) ::_exit(3);
    ::signal(signal, SIG_DFL);  // a shell has its background jobs ignore SIGINT
    ::raise(signal);            // blocked until read() looks after it
    std::array<char, 10> out{};
    (void)silent.read(out);
  }
  /// Types the lines one by one, each when its prompt has come.
  class TypingOutput final : public Output {
   public:
    TypingOutput(const Terminal& terminal, std::vector<std::string> lines)
        : Output({}), terminal_(terminal), lines_(std::move(lines)) {}
    ~TypingOutput() override { flush(); }
    std::string prompts;

   protected:
    int put(std::string_view text) override {
      EXPECT_FALSE(terminal_.echoes()) << text;
      prompts += text;
      if (next_ < lines_.size()) terminal_.type(lines_[next_++]);
      return 0;
    }

   private:
    const Terminal& terminal_;
    std::vector<std::string> lines_;
    std::size_t next_ = 0;
  };

  int far_ = -1;
  int near_ = -1;
};

TEST_F(Terminal, IsAskedTwiceAndShowsNothing) {
  TypingOutput prompts(*this, {"correct horse\n", "correct horse\n"});
  const auto password = read_new_password(near_, prompts, "alice");
  ASSERT_TRUE(password) << password.error().text();
  EXPECT_EQ(password->reveal(), "correct horse");
  EXPECT_EQ(prompts.prompts, "New password for alice: The same again: ");
  EXPECT_TRUE(echoes());
  std::string shown(100, '\0');
  shown.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(far_, shown.data(), shown.size()))));
  EXPECT_EQ(shown, "\r\n\r\n");
}

TEST_F(Terminal, HasTheKernelsLineEditing) {
  TypingOutput prompts(*this, {"wrong\x15"
                               "correct horsf\x7F"
                               "e\n",
                               "correct horse\n"});
  const auto password = read_new_password(near_, prompts, "alice");
  ASSERT_TRUE(password);
  EXPECT_EQ(password->reveal(), "correct horse");
}

TEST_F(Terminal, RefusesPasswordsThatDiffer) {
  TypingOutput prompts(*this, {"correct horse\n", "correct house\n"});
  const auto password = read_new_password(near_, prompts, "alice");
  ASSERT_FALSE(password);
  EXPECT_EQ(password.error().code, "passwords_differ");
  EXPECT_TRUE(echoes());
}

TEST_F(Terminal, IsNotAskedAgainForAnEmptyOne) {
  for (const char* nothing : {"\n", "\x04"}) {
    TypingOutput prompts(*this, {nothing});
    const auto password = read_new_password(near_, prompts, "alice");
    ASSERT_FALSE(password);
    EXPECT_EQ(password.error().code, "password_unusable");
    EXPECT_EQ(prompts.prompts, "New password for alice: ");
  }
}

TEST_F(Terminal, ForgetsWhatWasTypedBeforeThePrompt) {
  type("typed in the open\n");
  pollfd arrived{near_, POLLIN, 0};  // the kernel carries it over in its own time
  ASSERT_EQ(::poll(&arrived, 1, 10'000), 1);
  TypingOutput prompts(*this, {"correct horse\n", "correct horse\n"});
  const auto password = read_new_password(near_, prompts, "alice");
  ASSERT_TRUE(password);
  EXPECT_EQ(password->reveal(), "correct horse");
}

TEST_F(Terminal, IsAsBeforeWhenASignalEndsTheProcess) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    EXPECT_EXIT(end_by(signal), testing::KilledBySignal(signal), "") << signal;
    EXPECT_TRUE(echoes()) << signal;
  }
}

TEST_F(Terminal, IsSilentAgainAfterASignalThatIsIgnored) {
  const auto previous = ::signal(SIGINT, SIG_IGN);
  {
    SilentTerminal silent(near_);
    ::raise(SIGINT);
    std::string line(100, '\0');
    // What comes before the signal has been looked after is dropped, so the line is typed until it is read.
    std::jthread typist([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        if (!echoes()) type("again\n");
        std::this_thread::yield();
      }
    });
    const std::ptrdiff_t got = silent.read(line);
    typist.request_stop();
    typist.join();
    EXPECT_GT(got, 0);
    EXPECT_FALSE(echoes());
  }
  ::signal(SIGINT, previous);
  EXPECT_TRUE(echoes());
}

TEST(SilentTerminal, RefusesWhatIsNoTerminal) {
  const Input input("x");
  EXPECT_THROW(SilentTerminal{input.fd()}, std::system_error);
  sigset_t mask;
  ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, nullptr, &mask), 0);
  EXPECT_EQ(sigismember(&mask, SIGINT), 0);
}

TEST(Verifiers, AreThoseOfThePassword) {
  CountingRandom random;
  const base::Secret password("correct horse");
  const std::string text = verifiers(password, random, false);
  const auto verifier = base::ScramVerifier::parse(text);
  ASSERT_TRUE(verifier) << text;
  EXPECT_TRUE(verifier->matches("correct horse"));
  EXPECT_FALSE(verifier->matches("correct house"));
  EXPECT_NE(verifiers(password, random, false), text) << "the salt is not new";
}

TEST(Verifiers, HaveMysqlsHashWhenWanted) {
  CountingRandom random;
  // As MariaDB says: SELECT PASSWORD('correct horse')
  EXPECT_THAT(verifiers(base::Secret("correct horse"), random, true),
              MatchesRegex("SCRAM-SHA-256\\$4096:[^ ]+ \\*0E8F21E4240F5AD5A07D088F9C93890D13D78A4E"));
}

TEST(UserEntry, IsAnItemOfGatewayUsers) {
  EXPECT_EQ(user_entry("alice", "SCRAM-SHA-256$1", std::vector<std::string>{"orders", "shop"}),
            "- {name: alice, password: \"SCRAM-SHA-256$1\", databases: [orders, shop]}\n");
}

TEST(UserEntry, QuotesWhatYamlWouldReadOtherwise) {
  const std::vector<std::string> names{"*", "my db", "null", "1", "a: b", "#x", "\"q\\", "ok-1_", "-", "a.b"};
  EXPECT_EQ(user_entry("true", "v", names),
            "- {name: \"true\", password: \"v\", databases: [\"*\", \"my db\", \"null\", \"1\", \"a: b\", "
            "\"#x\", \"\\\"q\\\\\", ok-1_, \"-\", \"a.b\"]}\n");
}

/// What is printed is what the configuration takes.
TEST(UserEntry, CanBePasted) {
  CountingRandom random;
  const std::string database = "a: \"b\" \xC3\xA4";
  const std::string yaml =
      "databases:\n  - database_name: 'a: \"b\" \xC3\xA4'\n    sqlalchemy_uri: mysql://u:p@h\n"
      "gateway:\n  mysql: {listen: ['127.0.0.1:0']}\n  users:\n  " +
      user_entry("al: ice", verifiers(base::Secret("correct horse"), random, true), std::vector{database});
  const config::Loaded loaded = config::load_text(yaml, "rolegate.yaml", base::FixedEnvironment());
  for (const auto& problem : loaded.problems) ADD_FAILURE() << problem.text();
  ASSERT_TRUE(loaded.config.gateway);
  ASSERT_EQ(loaded.config.gateway->users.size(), 1U);
  const config::GatewayUser* const user = &loaded.config.gateway->users.front();
  EXPECT_EQ(user->name, "al: ice");
  EXPECT_TRUE(user->scram->matches("correct horse"));
  EXPECT_TRUE(user->mysql_native);
  EXPECT_TRUE(user->may_use(database));
}

}  // namespace
}  // namespace rolegate::cli

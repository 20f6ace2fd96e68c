#include "gateway/audit/audit_log.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include <boost/json/parse.hpp>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/listening.hpp"
#include "support/gate.hpp"
#include "support/temporary_folder.hpp"
#include "unit/login/recording_log.hpp"

namespace rolegate::gateway {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

/// How long a test waits before it fails; never reached when all is well.
constexpr std::chrono::milliseconds kPatience = 30s;

AuditRecord record(const std::string& session) {
  AuditRecord made;
  made.session = session;
  return made;
}

AuditRecord record(int number) { return record(std::to_string(number)); }

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The sessions of whole lines; what is no whole line is left out.
std::vector<std::string> sessions(const std::string& text) {
  std::vector<std::string> found;
  std::size_t start = 0;
  for (std::size_t end = 0; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    boost::system::error_code failed;
    const auto line = boost::json::parse(text.substr(start, end - start), failed);
    if (!failed) found.emplace_back(line.at("session").as_string());
  }
  return found;
}

std::vector<std::string> numbers(int count) {
  std::vector<std::string> made;
  for (int i = 0; i < count; ++i) made.push_back(std::to_string(i));
  return made;
}

/// Everything until nobody has the other end any more.
std::string read_to_the_end(const base::Descriptor& from) {
  std::string text;
  std::vector<char> chunk(65536);
  for (;;) {
    pollfd readable{from.get(), POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(kPatience.count())) != 1) return text;
    const ssize_t got = ::read(from.get(), chunk.data(), chunk.size());
    if (got <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

class AuditLogTest : public testing::Test {
 protected:
  std::unique_ptr<AuditLog> opened(const std::string& path) {
    auto audit = open_audit_log(path, stats_, log_);
    EXPECT_TRUE(audit) << audit.error().text();
    return audit ? std::move(*audit) : nullptr;
  }
  /// A FIFO and its reader: a disk that stalls when the test does not read.
  base::Descriptor fifo(const std::string& name) {
    EXPECT_EQ(::mkfifo(folder_.path(name).c_str(), 0600), 0);
    return base::Descriptor(::open(folder_.path(name).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }
  [[nodiscard]] std::uint64_t lost() const { return stats_.audit_lines_lost; }
  /// What the log says of losses, without how they came about.
  [[nodiscard]] std::string said() const { return log_.all(); }

  test::TemporaryFolder folder_;
  Stats stats_;
  login::RecordingLog log_;
};

TEST_F(AuditLogTest, WritesOneLineForEachRecordInOrder) {
  const auto audit = opened(folder_.path("audit.log"));
  for (int i = 0; i < 100; ++i) audit->write(record(i));
  ASSERT_TRUE(audit->flush(kPatience));
  EXPECT_EQ(sessions(content(folder_.path("audit.log"))), numbers(100));
  EXPECT_EQ(lost(), 0);
  EXPECT_EQ(said(), "");
}

TEST_F(AuditLogTest, CreatesItsFileForItsOwnerOnlyAndAppends) {
  const auto mask = ::umask(0);
  opened(folder_.path("audit.log"))->write(record("first"));
  ::umask(mask);
  struct stat status{};
  ASSERT_EQ(::stat(folder_.path("audit.log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600);
  opened(folder_.path("audit.log"))->write(record("second"));
  EXPECT_THAT(sessions(content(folder_.path("audit.log"))), ElementsAre("first", "second"))
      << "also, the destructor writes what waits";
}

TEST_F(AuditLogTest, SaysWhyItsFileCannotBeOpened) {
  ASSERT_EQ(::mkfifo(folder_.path("fifo").c_str(), 0600), 0);
  for (const auto& [name, why] :
       {std::pair("no/audit.log", "No such file or directory"), std::pair("", "Is a directory"),
        std::pair("fifo", "nobody reads from it")}) {
    const auto audit = open_audit_log(folder_.path(name), stats_, log_);
    ASSERT_FALSE(audit) << name;
    EXPECT_EQ(audit.error().code, "audit_log_unusable");
    EXPECT_EQ(audit.error().message,
              "The audit log " + folder_.path(name) + " cannot be opened: " + why + ".");
    EXPECT_THAT(audit.error().hint, HasSubstr("able to write there"));
  }
}

TEST_F(AuditLogTest, OpensItsFileAgainAfterARotation) {
  const auto audit = opened(folder_.path("audit.log"));
  audit->write(record("old"));
  ASSERT_TRUE(audit->flush(kPatience));
  ASSERT_EQ(::rename(folder_.path("audit.log").c_str(), folder_.path("audit.log.1").c_str()), 0);
  audit->write(record("still old"));
  ASSERT_TRUE(audit->flush(kPatience));
  ASSERT_TRUE(audit->reopen(folder_.path("audit.log")));
  audit->write(record("new"));
  ASSERT_TRUE(audit->flush(kPatience));
  EXPECT_THAT(sessions(content(folder_.path("audit.log.1"))), ElementsAre("old", "still old"));
  EXPECT_THAT(sessions(content(folder_.path("audit.log"))), ElementsAre("new"));
}

/// The counts of the lines; 0: one that sums up nothing.
std::vector<std::int64_t> counts(const std::string& text) {
  std::vector<std::int64_t> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto object = boost::json::parse(line).as_object();
    found.push_back(object.contains("count") ? object.at("count").as_int64() : 0);
  }
  return found;
}

TEST_F(AuditLogTest, SumsUpFailuresThatRepeat) {
  auto audit = opened(folder_.path("audit.log"));
  AuditRecord failed = record("x");
  failed.event = AuditRecord::Event::fail;
  for (int i = 0; i < 1000; ++i) audit->write(failed);
  ASSERT_TRUE(audit->flush(kPatience));
  EXPECT_THAT(counts(content(folder_.path("audit.log"))), ElementsAre(0, 999)) << "flush says what there is";
  for (int i = 0; i < 7; ++i) audit->write(failed);
  ASSERT_TRUE(audit->reopen(folder_.path("other.log")));
  const auto both = [this] {
    return content(folder_.path("audit.log")) + content(folder_.path("other.log"));
  };
  EXPECT_TRUE(test::eventually([&] { return both().find("\"count\":7,") != std::string::npos; }))
      << "so does a reload";
  EXPECT_THAT(counts(both()), ElementsAre(0, 999, 7));
  for (int i = 0; i < 5; ++i) audit->write(failed);
  audit.reset();
  EXPECT_THAT(counts(content(folder_.path("other.log"))), testing::Contains(5)) << "and the end";
}

TEST_F(AuditLogTest, LetsTheOldFileGoThoughNothingIsWritten) {
  const auto reader = fifo("fifo");
  const auto audit = opened(folder_.path("fifo"));
  ASSERT_TRUE(audit->reopen(folder_.path("audit.log")));
  EXPECT_EQ(read_to_the_end(reader), "") << "its end comes at once";
}

TEST_F(AuditLogTest, StaysWithItsFileWhenAnotherCannotBeOpened) {
  const auto audit = opened(folder_.path("audit.log"));
  const auto again = audit->reopen(folder_.path("no/audit.log"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "audit_log_unusable");
  audit->write(record("here"));
  ASSERT_TRUE(audit->flush(kPatience));
  EXPECT_THAT(sessions(content(folder_.path("audit.log"))), ElementsAre("here"));
}

TEST_F(AuditLogTest, WritesWholeLinesFromManyThreads) {
  const auto audit = opened(folder_.path("audit.log"));
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 500; ++i) {
          audit->write(record(t * 500 + i));
          if (i == 250) EXPECT_TRUE(audit->reopen(folder_.path("audit.log")));
        }
      });
    }
  }
  ASSERT_TRUE(audit->flush(kPatience));
  const std::string text = content(folder_.path("audit.log"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2000);
  auto written = sessions(text);
  auto expected = numbers(2000);
  std::sort(written.begin(), written.end());
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(written, expected);
}

TEST_F(AuditLogTest, LosesWhatDoesNotFitWhenNobodyReads) {
  constexpr int kRecords = 40'000;
  const auto reader = fifo("fifo");
  auto audit = opened(folder_.path("fifo"));
  for (int i = 0; i < kRecords; ++i) audit->write(record(i));
  EXPECT_GT(lost(), kRecords - 16384 - 2000) << "the queue is bounded; the pipe holds some";
  EXPECT_FALSE(audit->flush(10ms));
  EXPECT_EQ(log_.all(), "Lines of the audit log are being lost: 16384 wait to be written already.\n");

  std::string text;
  std::jthread reading([&] { text = read_to_the_end(reader); });
  EXPECT_TRUE(audit->flush(kPatience));
  const auto lost_lines = lost();
  audit->write(record("after it all"));
  EXPECT_TRUE(audit->flush(kPatience));
  EXPECT_THAT(log_.warnings(), ElementsAre("The audit log is being written again; " +
                                           std::to_string(lost_lines) + " lines were lost."));
  audit.reset();
  reading.join();
  const auto written = sessions(text);
  EXPECT_EQ(written.size(), kRecords + 1 - lost()) << "each is written or counted";
  EXPECT_EQ(written.front(), "0");
  EXPECT_EQ(written.back(), "after it all");
}

TEST_F(AuditLogTest, BoundsTheBytesThatWait) {
  const auto reader = fifo("fifo");
  auto audit = opened(folder_.path("fifo"));
  AuditRecord large = record("x");
  for (auto text :
       {&AuditRecord::user, &AuditRecord::database, &AuditRecord::upstream, &AuditRecord::message,
        &AuditRecord::reason, &AuditRecord::role_arn, &AuditRecord::upstream_user, &AuditRecord::listener}) {
    large.*text = std::string(1024, '\x01');
  }
  const auto size = audit_line(large).size();
  ASSERT_GT(size, 48 * 1024);
  for (int i = 0; i < 1000; ++i) audit->write(large);
  EXPECT_GE(lost() + (32U << 20) / size + 3, 1000);
}

TEST_F(AuditLogTest, TakesAnyNumberOfLinesAsTheyGoOut) {
  const auto audit = opened("/dev/null");
  AuditRecord large = record("x");
  for (auto text : {&AuditRecord::user, &AuditRecord::database, &AuditRecord::upstream, &AuditRecord::message,
                    &AuditRecord::reason, &AuditRecord::role_arn}) {
    large.*text = std::string(1024, '\x01');
  }
  const std::size_t twice_the_bound = (64U << 20) / audit_line(large).size();
  for (std::size_t i = 0; i < twice_the_bound; ++i) {
    audit->write(large);
    if (i % 100 == 0) ASSERT_TRUE(audit->flush(kPatience));
  }
  for (int i = 0; i < 2 * 16384; ++i) {
    audit->write(record(i));
    if (i % 1000 == 0) ASSERT_TRUE(audit->flush(kPatience));
  }
  EXPECT_EQ(lost(), 0);
}

TEST_F(AuditLogTest, EndsInABoundedTimeWhenNobodyReads) {
  const auto reader = fifo("fifo");
  auto audit = opened(folder_.path("fifo"));
  for (int i = 0; i < 5000; ++i) audit->write(record(i));
  audit.reset();
  EXPECT_GT(lost(), 0);
  EXPECT_EQ(sessions(read_to_the_end(reader)).size() + lost(), 5000) << "each is written or counted";
  EXPECT_EQ(
      log_.all(),
      "Lines of the audit log are being lost: the gateway ends, and they could not be written in time.\n");
}

TEST_F(AuditLogTest, GoesOnInAnotherFileWhenTheOldOneStalls) {
  const auto reader = fifo("fifo");
  auto audit = opened(folder_.path("fifo"));
  for (int i = 0; i < 5000; ++i) audit->write(record(i));
  EXPECT_FALSE(audit->flush(10ms));
  ASSERT_TRUE(audit->reopen(folder_.path("audit.log")));
  ASSERT_TRUE(audit->flush(kPatience));
  auto written = sessions(read_to_the_end(reader));
  for (auto& session : sessions(content(folder_.path("audit.log")))) written.push_back(std::move(session));
  EXPECT_EQ(written, numbers(5000)) << "the line that was cut is written again, whole";
  EXPECT_EQ(lost(), 0);
}

TEST_F(AuditLogTest, CountsLinesThatAFullDiskDoesNotTake) {
  const auto audit = opened("/dev/full");
  for (int i = 0; i < 10; ++i) audit->write(record(i));
  EXPECT_TRUE(audit->flush(kPatience)) << "there is nothing that waits";
  EXPECT_EQ(lost(), 10);
  EXPECT_EQ(log_.all(),
            "Lines of the audit log are being lost: /dev/full cannot be written: No space left on device.\n");
  ASSERT_TRUE(audit->reopen(folder_.path("audit.log")));
  audit->write(record("room again"));
  ASSERT_TRUE(audit->flush(kPatience));
  EXPECT_THAT(sessions(content(folder_.path("audit.log"))), ElementsAre("room again"));
  EXPECT_THAT(log_.warnings(), ElementsAre("The audit log is being written again; 10 lines were lost."));
}

/// The largest file that this process may write, for a scope.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

TEST_F(AuditLogTest, EndsALineThatWasCutBeforeTheNext) {
  const auto audit = opened(folder_.path("audit.log"));
  const auto size = audit_line(record("first")).size() + 1;
  {
    const FileSizeLimit limit(size + 20);
    audit->write(record("first"));
    audit->write(record("cut"));
    audit->write(record("lost"));
    ASSERT_TRUE(audit->flush(kPatience));
  }
  EXPECT_EQ(lost(), 2);
  EXPECT_THAT(log_.all(), HasSubstr("cannot be written: File too large."));
  audit->write(record("whole"));
  ASSERT_TRUE(audit->flush(kPatience));
  const std::string text = content(folder_.path("audit.log"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_THAT(sessions(text), ElementsAre("first", "whole"));
}

TEST_F(AuditLogTest, OutlivesItsReader) {
  auto reader = fifo("fifo");
  const auto audit = opened(folder_.path("fifo"));
  reader.close();
  audit->write(record("nobody's"));
  ASSERT_TRUE(audit->flush(kPatience));
  EXPECT_EQ(lost(), 1);
  EXPECT_THAT(log_.all(), HasSubstr("cannot be written: Broken pipe."));
  reader = base::Descriptor(::open(folder_.path("fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  audit->write(record("read"));
  ASSERT_TRUE(audit->flush(kPatience));
  ASSERT_TRUE(audit->reopen(folder_.path("audit.log")));
  EXPECT_THAT(sessions(read_to_the_end(reader)), ElementsAre("read"));
  EXPECT_EQ(lost(), 1);
}

/// Puts something else in the place of standard output, for a scope.
class StandardOutput {
 public:
  explicit StandardOutput(const base::Descriptor& other)
      : before_(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)) {
    ::fflush(stdout);
    ::dup2(other.get(), STDOUT_FILENO);
  }
  ~StandardOutput() { ::dup2(before_.get(), STDOUT_FILENO); }
  StandardOutput(const StandardOutput&) = delete;
  StandardOutput& operator=(const StandardOutput&) = delete;

 private:
  base::Descriptor before_;
};

TEST_F(AuditLogTest, WritesToStandardOutputWithoutAPath) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const base::Descriptor reading(ends[0]);
  base::Descriptor writing(ends[1]);
  {
    const StandardOutput replaced(writing);
    const auto audit = opened("");
    audit->write(record("one"));
    EXPECT_TRUE(audit->flush(kPatience));
  }
  writing.close();
  EXPECT_THAT(sessions(read_to_the_end(reading)), ElementsAre("one"));
}

TEST_F(AuditLogTest, IsNotHeldUpByAStandardOutputThatNobodyReads) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);  // blocking, as a shell's pipe is
  const base::Descriptor reading(ends[0]);
  base::Descriptor writing(ends[1]);
  {
    const StandardOutput replaced(writing);
    const auto audit = opened("");
    AuditRecord large = record("x");
    large.user = large.message = std::string(1024, '\x01');  // more than PIPE_BUF
    for (int i = 0; i < 100; ++i) audit->write(large);
    EXPECT_FALSE(audit->flush(10ms));
    EXPECT_FALSE(::fcntl(writing.get(), F_GETFL) & O_NONBLOCK) << "others write to it as well";
  }
  writing.close();
  EXPECT_EQ(sessions(read_to_the_end(reading)).size() + lost(), 100);
}

}  // namespace
}  // namespace rolegate::gateway

#include "base/file.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rolegate::base {
namespace {

namespace fs = std::filesystem;

class ReadFile : public testing::Test {
 protected:
  ReadFile() {
    std::string pattern = (fs::temp_directory_path() / "rolegate-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~ReadFile() override { fs::remove_all(directory_); }
  std::string path(const std::string& name) const { return directory_ / name; }
  std::string write(const std::string& text) const {
    std::ofstream(path("file"), std::ios::binary) << text;
    return path("file");
  }

 private:
  fs::path directory_;
};

TEST_F(ReadFile, GivesTheWholeFile) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096},
                                 std::size_t{4097}, std::size_t{100'000}}) {
    std::string text(size, 'x');
    if (size > 2) text[1] = '\0';
    EXPECT_EQ(read_file(write(text)), text) << size;
  }
}

TEST_F(ReadFile, HoldsTheBound) {
  EXPECT_EQ(read_file(write("12345"), 5), "12345");
  const auto longer = read_file(write("123456"), 5);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, "file_too_large");
  EXPECT_EQ(longer.error().message, path("file") + " is larger than 5 bytes.");
  EXPECT_EQ(read_file(write(""), 0), "");
  EXPECT_FALSE(read_file(write("1"), 0));
}

TEST_F(ReadFile, HoldsTheBoundForADevice) {
  const auto endless = read_file("/dev/zero", 10'000);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, "file_too_large");
}

TEST_F(ReadFile, ReadsFilesThatDoNotSayHowLongTheyAre) {
  const auto status = read_file("/proc/self/status");
  ASSERT_TRUE(status);
  EXPECT_FALSE(status->empty());
}

TEST_F(ReadFile, SaysThatAFileIsMissing) {
  const auto missing = read_file(path("missing"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "file_not_found");
  EXPECT_EQ(missing.error().message, path("missing") + " cannot be opened: No such file or directory.");
  EXPECT_EQ(read_file(write("x") + "/below").error().code, "file_not_found");
}

TEST_F(ReadFile, RefusesADirectory) {
  const auto directory = read_file(path(""));
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().code, "file_unreadable");
}

TEST_F(ReadFile, DoesNotWaitForAWriter) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_file(path("fifo")), "");
}

TEST_F(ReadFile, SaysThatAFileMayNotBeRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const std::string file = write("x");
  fs::permissions(file, fs::perms::none);
  const auto closed = read_file(file);
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().code, "file_unreadable");
  EXPECT_EQ(closed.error().message, file + " cannot be opened: Permission denied.");
}

}  // namespace
}  // namespace rolegate::base

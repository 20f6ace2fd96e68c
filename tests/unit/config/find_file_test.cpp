#include "config/read/find_file.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/config/broken.hpp"

namespace rolegate::config {
namespace {

namespace fs = std::filesystem;

/// A directory that goes away with the test, and is the working directory during it.
class FindFile : public testing::Test {
 protected:
  FindFile() : before_(fs::current_path()) {
    std::string pattern = (fs::temp_directory_path() / "rolegate-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    fs::create_directory(directory_ / "work");
    fs::current_path(directory_ / "work");
  }
  ~FindFile() override {
    fs::current_path(before_);
    fs::remove_all(directory_);
  }
  std::string write(const std::string& name, const std::string& text = "databases: []\n") const {
    const fs::path path = directory_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
  std::string path(const std::string& name) const { return (directory_ / name).string(); }
  base::FixedEnvironment environment(std::map<std::string, std::string, std::less<>> values = {}) const {
    values.emplace("HOME", path("home"));
    return base::FixedEnvironment(std::move(values));
  }

 private:
  fs::path before_;
  fs::path directory_;
};

TEST_F(FindFile, LooksInTheOrderOfTheDocumentation) {
  const std::string home = write("home/.config/rolegate/rolegate.yaml");
  EXPECT_EQ(find_file("", environment()), home);
  const std::string xdg = write("xdg/rolegate/rolegate.yaml");
  EXPECT_EQ(find_file("", environment({{"XDG_CONFIG_HOME", path("xdg")}})), xdg);
  write("work/rolegate.yaml");
  EXPECT_EQ(find_file("", environment({{"XDG_CONFIG_HOME", path("xdg")}})), "rolegate.yaml");
  const std::string named = write("named.yaml");
  EXPECT_EQ(find_file("", environment({{"ROLEGATE_CONFIG", named}})), named);
  const std::string given = write("given.yaml");
  EXPECT_EQ(find_file(given, environment({{"ROLEGATE_CONFIG", named}})), given);
}

TEST_F(FindFile, ListsEveryPlaceWhenThereIsNone) {
  if (fs::exists("/etc/rolegate/rolegate.yaml")) GTEST_SKIP() << "this machine has a configuration in /etc";
  const auto found = find_file("", environment());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, "config_not_found");
  EXPECT_EQ(found.error().text(),
            "There is no configuration file: looked for rolegate.yaml, " +
                path("home/.config/rolegate/rolegate.yaml") +
                ", /etc/rolegate/rolegate.yaml. Create one of them, or name a file with --config or "
                "ROLEGATE_CONFIG.");
}

TEST_F(FindFile, DoesNotFallBackFromANamedFile) {
  write("work/rolegate.yaml");
  EXPECT_EQ(find_file("gone.yaml", environment()).error().text(),
            "The configuration file gone.yaml does not exist. Name another one with --config.");
  EXPECT_EQ(find_file("", environment({{"ROLEGATE_CONFIG", "gone.yaml"}})).error().text(),
            "The configuration file gone.yaml, which ROLEGATE_CONFIG names, does not exist. Correct or unset "
            "ROLEGATE_CONFIG, or name a file with --config.");
}

TEST_F(FindFile, IgnoresARelativeXdgConfigHome) {
  const std::string home = write("home/.config/rolegate/rolegate.yaml");
  write("work/xdg/rolegate/rolegate.yaml");
  EXPECT_EQ(find_file("", environment({{"XDG_CONFIG_HOME", "xdg"}})), home);
}

TEST_F(FindFile, LoadReadsTheFileItFound) {
  write("work/rolegate.yaml", "databases:\n  - database_name: a\n    sqlalchemy_uri: mysql://u:p@h\n");
  const auto loaded = load("", environment());
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config.file, "rolegate.yaml");
  EXPECT_EQ(loaded->config.databases.size(), 1u);
}

TEST_F(FindFile, LoadRefusesADirectoryAndAFileThatIsTooLarge) {
  EXPECT_EQ(load(path("work"), environment()).error().code, "file_unreadable");
  const std::string large = write("large.yaml", std::string((4 << 20) + 1, '#'));
  EXPECT_EQ(load(large, environment()).error().code, "file_too_large");
}

TEST_F(FindFile, LoadRefusesAFileThatOthersMayWrite) {
  const std::string named = write("named.yaml");
  fs::permissions(named, fs::perms::others_write, fs::perm_options::add);
  const auto refused = load(named, environment());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "file_not_trusted");
  EXPECT_THAT(refused.error().hint, testing::EndsWith("`chmod go-w " + named + "`."));
}

TEST_F(FindFile, LoadRefusesOneFoundInTheCurrentFolderWithAWayOut) {
  fs::permissions(write("work/rolegate.yaml"), fs::perms::others_write, fs::perm_options::add);
  const auto refused = load("", environment());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "file_not_trusted");
  EXPECT_THAT(refused.error().hint, testing::EndsWith(" Or name another file with --config."));
}

TEST_F(FindFile, LoadSaysWhenNobodyNamedTheFile) {
  write("work/rolegate.yaml");
  EXPECT_TRUE(load("", environment())->found_in_current_folder);
  EXPECT_FALSE(load("rolegate.yaml", environment())->found_in_current_folder);
  EXPECT_FALSE(load("", environment({{"ROLEGATE_CONFIG", "rolegate.yaml"}}))->found_in_current_folder);
}

TEST_F(FindFile, LoadWarnsOfSecretsThatEverybodyMayRead) {
  const std::string secret = "databases:\n  - database_name: a\n    sqlalchemy_uri: mysql://u:p@h\n";
  const std::string named = write("named.yaml", secret);
  const auto warnings = [&](mode_t mode) {
    EXPECT_EQ(::chmod(named.c_str(), mode), 0);
    return texts(load(named, environment())->problems);
  };
  EXPECT_THAT(warnings(0644),
              testing::ElementsAre(named +
                                   ": warning: holds passwords, and every user of this machine may "
                                   "read it (mode 0644). Take that away: `chmod o-r " +
                                   named + "`."));
  EXPECT_THAT(warnings(0640), testing::IsEmpty());
  write("named.yaml", "feature_flags: {AWS_DATABASE_IAM_AUTH: true}\ndatabases: []\n");
  EXPECT_THAT(warnings(0644), testing::IsEmpty());
}

TEST_F(FindFile, LoadWaitsForWhoeverWritesToAPipe) {
  const std::string pipe = path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(pipe) << "databases: []\n"; });
  const auto loaded = load(pipe, environment());
  const int reader =
      ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK);  // if load did not wait, the writer still does
  writer.join();
  ::close(reader);
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->config.file, pipe);
}

TEST_F(FindFile, LoadTakesAnEmptyPipeForAFailure) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[1]);
  const auto loaded = load("/dev/fd/" + std::to_string(ends[0]), environment());
  ::close(ends[0]);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, "file_unreadable");
}

TEST_F(FindFile, OnlyWhatIsNoPipeIsReadAgain) {
  EXPECT_TRUE(check_readable_again(write("named.yaml")));
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  for (const std::string& once :
       {path("pipe"), std::string("-"), std::string("/dev/stdin"), std::string("/dev/fd/0")}) {
    const auto again = check_readable_again(once);
    ASSERT_FALSE(again) << once;
    EXPECT_EQ(again.error().code, "file_unreadable");
    EXPECT_THAT(again.error().hint, testing::HasSubstr("only once, so it cannot be reloaded"));
  }
}

TEST_F(FindFile, AFileThatIsGoneIsNotReadAgain) {
  const auto again = check_readable_again(path("gone.yaml"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, "config_not_found");
  EXPECT_THAT(again.error().message, testing::EndsWith("gone.yaml is gone."));
}

TEST_F(FindFile, LoadNamesTheOptionWhereTheFileCannotBeRead) {
  const auto loaded = load(path("."), environment());
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, "file_unreadable");
  EXPECT_EQ(loaded.error().hint, "Name another file with --config.");
}

}  // namespace
}  // namespace rolegate::config

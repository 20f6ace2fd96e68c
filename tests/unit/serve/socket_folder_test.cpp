#include "serve/socket_folder.hpp"

#include <filesystem>
#include <fstream>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_folder.hpp"

namespace rolegate::serve {
namespace {

namespace fs = std::filesystem;

class SocketFolderTest : public testing::Test {
 protected:
  const test::TemporaryFolder runtime_;
  const base::FixedEnvironment environment_{{{"XDG_RUNTIME_DIR", runtime_.path()}}};
};

TEST_F(SocketFolderTest, IsForItsOwnerAndGoesWithItsObject) {
  std::string path;
  {
    auto made = SocketFolder::make(environment_);
    ASSERT_TRUE(made) << made.error().text();
    const SocketFolder folder = std::move(*made);
    path = folder.path();
    EXPECT_EQ(fs::path(path).parent_path(), runtime_.path());
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST_F(SocketFolderTest, StaysWhenSomethingIsInIt) {
  std::string path;
  {
    const auto folder = SocketFolder::make(environment_);
    ASSERT_TRUE(folder);
    path = folder->path();
    std::ofstream(path + "/file") << "somebody's";
  }
  EXPECT_TRUE(fs::exists(path + "/file"));
}

TEST(SocketFolder, SaysWhereItCannotBe) {
  const auto made = SocketFolder::make(base::FixedEnvironment({{"XDG_RUNTIME_DIR", "/nowhere"}}));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, "socket_folder_failed");
  EXPECT_THAT(made.error().message, testing::HasSubstr("/nowhere/rolegate-"));
  EXPECT_THAT(made.error().hint, testing::HasSubstr("XDG_RUNTIME_DIR"));
}

}  // namespace
}  // namespace rolegate::serve

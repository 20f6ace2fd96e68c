#include "base/file_trust.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <pwd.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rolegate::base {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kStranger = 65534;
constexpr gid_t kSharedGroup = 100;  // "users"

/// A folder of this user's with a file "conf/file" in it.
class FileTrust : public testing::Test {
 protected:
  FileTrust() : before_(fs::current_path()) {
    std::string pattern = (fs::temp_directory_path() / "rolegate-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    make_folder("conf");
    make_file("conf/file");
  }
  ~FileTrust() override {
    fs::current_path(before_);
    fs::remove_all(root_);
  }

  std::string path(const std::string& name) const { return root_ / name; }
  void make_folder(const std::string& name, mode_t mode = 0755) const {
    fs::create_directory(path(name));
    set_mode(name, mode);
  }
  void make_file(const std::string& name, mode_t mode = 0644) const {
    std::ofstream(path(name)) << "x";
    set_mode(name, mode);
  }
  void make_link(const std::string& target, const std::string& name) const {
    fs::create_symlink(target, path(name));
  }
  void set_mode(const std::string& name, mode_t mode) const {
    ASSERT_EQ(::chmod(path(name).c_str(), mode), 0);
  }
  void give_to_stranger(const std::string& name) const {
    ASSERT_EQ(::lchown(path(name).c_str(), kStranger, kStranger), 0);
  }
  /// The refusal of `name`, with the folder of this test left out; empty when it is trusted.
  std::string refusal(const std::string& name) const {
    const auto checked = check_file_trust(name);
    if (checked) return {};
    EXPECT_EQ(checked.error().code, "file_not_trusted") << checked.error().message;
    std::string text = checked.error().text();
    for (auto at = text.find(root_); at != std::string::npos; at = text.find(root_))
      text.erase(at, root_.string().size() + 1);
    return text;
  }
  std::string refusal_below(const std::string& name) const { return refusal(path(name)); }

 private:
  fs::path before_;
  fs::path root_;
};

/// Tests in which files change their owner.
class StrangersFile : public FileTrust {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  }
};

/// Tests that mount something, where no other thread sees it.
class MountedFile : public FileTrust {
 protected:
  /// The refusal of `name` in sight of `source` at `target`; nothing when mounting is not allowed.
  std::optional<std::string> refusal_with(const std::string& source, const std::string& target,
                                          unsigned long flags, const std::string& name) const {
    std::optional<std::string> out;
    std::thread([&] {
      if (::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
          ::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) == 0 &&
          ::mount("none", target.c_str(), nullptr, MS_BIND | MS_REMOUNT | flags, nullptr) == 0) {
        out = refusal_below(name);
      }
    }).join();
    return out;
  }
};

TEST_F(FileTrust, TakesOnesOwn) { EXPECT_EQ(refusal_below("conf/file"), ""); }

TEST_F(FileTrust, RefusesAFileThatOthersMayWrite) {
  set_mode("conf/file", 0666);
  EXPECT_EQ(
      refusal_below("conf/file"),
      fmt::format("conf/file may be written by others (owner uid {}, group {}, mode 0666), so it is not "
                  "used. If you trust what is in it: `chmod go-w conf/file`.",
                  ::geteuid(), ::getegid()));
}

TEST_F(FileTrust, RefusesAFolderThatOthersMayWriteHoweverHighUp) {
  make_folder("conf/deep");
  make_folder("conf/deep/deeper");
  make_file("conf/deep/deeper/file");
  set_mode("conf", 0777);
  EXPECT_EQ(
      refusal_below("conf/deep/deeper/file"),
      fmt::format("conf/deep/deeper/file: its folder conf may be written by others (owner uid {}, group "
                  "{}, mode 0777), so it is not used. If you trust what is in it: `chmod go-w conf`; in "
                  "Kubernetes use a ConfigMap or Secret, or subPath.",
                  ::geteuid(), ::getegid()));
}

TEST_F(FileTrust, TakesOnesOwnFromAFolderWithTheStickyBit) {
  set_mode("conf", 01777);
  EXPECT_EQ(refusal_below("conf/file"), "");
}

TEST_F(FileTrust, JudgesWhatALinkLeadsThroughAndTo) {
  make_folder("open");
  make_file("open/file");
  make_link("../open/file", "conf/relative");
  make_link(path("open"), "conf/absolute");
  EXPECT_EQ(refusal_below("conf/relative"), "");
  EXPECT_EQ(refusal_below("conf/absolute/file"), "");
  set_mode("open", 0777);
  EXPECT_NE(refusal_below("conf/relative"), "");
  EXPECT_NE(refusal_below("conf/absolute/file"), "");
}

TEST_F(FileTrust, BeginsAtTheCurrentFolder) {
  fs::current_path(path("conf"));
  EXPECT_EQ(refusal("file"), "");
  EXPECT_EQ(refusal("./file"), "");
  EXPECT_EQ(refusal("../conf/file"), "");
  set_mode("conf", 0777);
  EXPECT_NE(refusal("file"), "");
}

TEST_F(FileTrust, LeavesDevicesAndWhatWasOpenedBefore) {
  for (const char* name : {"/dev/null", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
    EXPECT_EQ(refusal(name), "");
}

TEST_F(FileTrust, SaysWhatIsNotThereAsReadingDoes) {
  for (const char* name : {"conf/gone", "gone/file", "conf/file/below", "conf/file/"}) {
    const auto checked = check_file_trust(path(name));
    ASSERT_FALSE(checked) << name;
    EXPECT_EQ(checked.error().code, "file_not_found") << name;
  }
  make_link("loop", "loop");
  EXPECT_EQ(check_file_trust(path("loop")).error().code, "file_unreadable");
}

TEST_F(StrangersFile, IsRefused) {
  give_to_stranger("conf/file");
  EXPECT_EQ(refusal_below("conf/file"),
            "conf/file belongs to uid 65534 (mode 0644), neither to root nor to this user (uid 0), so it is "
            "not used. If you trust who wrote it, make it your own: `chown 0 conf/file`.");
}

TEST_F(StrangersFile, IsRefusedInAFolderWithTheStickyBitToo) {
  set_mode("conf", 01777);
  give_to_stranger("conf/file");
  EXPECT_NE(refusal_below("conf/file"), "");
}

TEST_F(StrangersFile, IsEverythingInHisFolder) {
  give_to_stranger("conf");
  EXPECT_EQ(refusal_below("conf/file"),
            "conf/file: its folder conf belongs to uid 65534 (mode 0755), neither to root nor to this user "
            "(uid 0), so it is not used. If you trust who wrote it, make it your own: `chown 0 conf`.");
}

TEST_F(StrangersFile, IsWhatHisLinkNamesWhereAnybodyMayMakeLinks) {
  make_link(path("conf/file"), "conf/link");
  give_to_stranger("conf/link");
  EXPECT_EQ(refusal_below("conf/link"), "");  // only this user can have put it there
  set_mode("conf", 01777);
  EXPECT_EQ(refusal_below("conf/link"),
            "conf/link: its link conf/link belongs to uid 65534 (mode 0777), neither to root nor to this "
            "user (uid 0), so it is not used. If you trust who wrote it, make it your own: `chown -h 0 "
            "conf/link`.");
}

TEST_F(StrangersFile, MayBeWrittenByOnesPrivateGroupOnly) {
  ASSERT_EQ(::chown(path("conf/file").c_str(), 0, 0), 0);  // root's group of the same name
  set_mode("conf/file", 0664);
  EXPECT_EQ(refusal_below("conf/file"), "");
  ASSERT_EQ(::chown(path("conf/file").c_str(), 0, kSharedGroup), 0);
  set_mode("conf/file", 0664);
  EXPECT_NE(refusal_below("conf/file"), "");
}

/// As the kubelet lays out a ConfigMap: its folders get 02777 when the pod has an fsGroup.
TEST_F(MountedFile, MayLieInAFolderThatOnlyTheMountProtects) {
  for (const mode_t mode : {0777U, 02777U}) {
    make_folder("volume", mode);
    make_folder("volume/..2026_01_02");
    make_file("volume/..2026_01_02/file");
    make_link("..2026_01_02", "volume/..data");
    make_link("..data/file", "volume/file");
    EXPECT_THAT(
        refusal_below("volume/file"),
        testing::EndsWith("`chmod go-w volume`; in Kubernetes use a ConfigMap or Secret, or subPath."));
    const auto read_only = refusal_with(path("volume"), path("volume"), MS_RDONLY, "volume/file");
    if (!read_only) GTEST_SKIP() << "mounting is not allowed here";
    EXPECT_EQ(read_only, "");
    EXPECT_NE(refusal_with(path("volume"), path("volume"), 0, "volume/file"), "");
    fs::remove_all(path("volume"));
  }
}

TEST_F(MountedFile, MayNotBeWrittenByAGroupThatIsAnothersPrimaryOne) {
  const passwd* user = ::getpwuid(::geteuid());
  if (user == nullptr || user->pw_gid != ::getegid()) GTEST_SKIP() << "this user has no private group";
  const std::string own = fmt::format("{}:x:{}:{}::/:/bin/sh\n", user->pw_name, user->pw_uid, user->pw_gid);
  std::ofstream(path("alone")) << own;
  std::ofstream(path("together")) << own
                                  << fmt::format("another:x:{}:{}::/:/bin/sh\n", kStranger, user->pw_gid);
  set_mode("conf/file", 0664);
  const auto alone = refusal_with(path("alone"), "/etc/passwd", 0, "conf/file");
  if (!alone) GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_EQ(alone, "");
  EXPECT_NE(refusal_with(path("together"), "/etc/passwd", 0, "conf/file"), "");
}

}  // namespace
}  // namespace rolegate::base

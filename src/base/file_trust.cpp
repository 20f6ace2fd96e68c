#include "base/file_trust.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <memory>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/file.hpp"

namespace rolegate::base {
namespace {

/// As many as the kernel follows (path_resolution(7)).
constexpr int kMaxLinks = 40;

bool is_trusted(uid_t owner) { return owner == 0 || owner == ::geteuid(); }

/// Whether an account of /etc/passwd other than `owner` has this as its primary group: a group's own list of
/// members leaves those out.
bool is_primary_group_of_others(gid_t group, uid_t owner) {
  struct Close {
    void operator()(FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<FILE, Close> accounts(std::fopen("/etc/passwd", "re"));
  std::array<char, 16384> text{};
  passwd entry{};
  passwd* found = nullptr;
  while (accounts && ::fgetpwent_r(accounts.get(), &entry, text.data(), text.size(), &found) == 0) {
    if (entry.pw_gid == group && entry.pw_uid != owner) return true;
  }
  return false;
}

/// The group that many systems make for each user, of the same name and with no other member.
bool is_private_group(gid_t group, uid_t owner) {
  std::array<char, 16384> user_text{};
  std::array<char, 16384> group_text{};
  passwd user_entry{};
  ::group group_entry{};
  passwd* user = nullptr;
  ::group* found = nullptr;
  if (::getpwuid_r(owner, &user_entry, user_text.data(), user_text.size(), &user) != 0 || user == nullptr ||
      ::getgrgid_r(group, &group_entry, group_text.data(), group_text.size(), &found) != 0 ||
      found == nullptr) {
    return false;
  }
  const std::string_view name = user->pw_name;
  if (user->pw_gid != group || name != found->gr_name) return false;
  for (char** member = found->gr_mem; *member != nullptr; ++member) {
    if (name != *member) return false;
  }
  return !is_primary_group_of_others(group, owner);
}

/// Whether somebody whom the owner's trust does not cover may write it.
bool others_may_write(const struct stat& status) {
  if ((status.st_mode & S_IWOTH) != 0) return true;
  return (status.st_mode & S_IWGRP) != 0 && !is_private_group(status.st_gid, status.st_uid);
}

bool is_mounted_read_only(const Descriptor& folder) {
  struct statvfs status{};
  return ::fstatvfs(folder.get(), &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

/// One walk along a path, component by component as the kernel walks it: what is looked at is what the next
/// step starts from.
class Walk {
 public:
  explicit Walk(const std::string& path) : path_(path), rest_(path) {}

  Result<void> run() {
    if (auto started = start(); !started) return started;
    while (!rest_.empty()) {
      if (auto stepped = step(); !stepped) return stepped;
    }
    return {};
  }

 private:
  /// At the root or the current folder, whichever `rest_` begins at.
  Result<void> start() {
    const bool absolute = rest_.starts_with('/');
    place_ = absolute ? "" : ".";
    return enter(Descriptor(::open(absolute ? "/" : ".", O_PATH | O_CLOEXEC)));
  }

  Result<void> step() {
    const std::size_t begin = std::min(rest_.find_first_not_of('/'), rest_.size());
    const std::size_t end = std::min(rest_.find('/', begin), rest_.size());
    const std::string name = rest_.substr(begin, end - begin);
    rest_.erase(0, end);
    if (name.empty() || name == ".") return {};
    Descriptor next(::openat(folder_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status{};
    if (!next || ::fstat(next.get(), &status) != 0) return std::unexpected(not_opened(path_, errno));
    const std::string parent = std::exchange(place_, fmt::format("{}/{}", place_, name));
    if (S_ISLNK(status.st_mode)) {
      if (shared_ && !is_trusted(status.st_uid)) return owned_by_another("its link", status);
      place_ = parent;
      return follow(next);
    }
    if (S_ISDIR(status.st_mode)) return enter(std::move(next));
    if (!rest_.empty()) return std::unexpected(not_opened(path_, ENOTDIR));
    if (!is_trusted(status.st_uid)) return owned_by_another("", status);
    if (!S_ISCHR(status.st_mode) && others_may_write(status)) return open_to_others("", status);
    return {};
  }

  /// Into the folder, if nobody else can exchange what is in it: in the volumes of Kubernetes, mode 0777,
  /// only the read-only mount sees to that.
  Result<void> enter(Descriptor folder) {
    struct stat status{};
    if (!folder || ::fstat(folder.get(), &status) != 0) return std::unexpected(not_opened(path_, errno));
    if (!is_trusted(status.st_uid)) return owned_by_another("its folder", status);
    shared_ = others_may_write(status);
    if (shared_ && (status.st_mode & S_ISVTX) == 0 && !is_mounted_read_only(folder))
      return open_to_others("its folder", status);
    folder_ = std::move(folder);
    return {};
  }

  Result<void> follow(const Descriptor& link) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlinkat(link.get(), "", target.data(), target.size());
    if (length < 0 || ++links_ > kMaxLinks)
      return std::unexpected(not_opened(path_, length < 0 ? errno : ELOOP));
    rest_.insert(0, target.data(), static_cast<std::size_t>(length));
    return target.front() == '/' ? start() : Result<void>{};
  }

  /// "FILE" or "FILE: its folder PLACE".
  [[nodiscard]] std::string subject(std::string_view what) const {
    return what.empty() ? path_ : fmt::format("{}: {} {}", path_, what, place());
  }
  [[nodiscard]] std::string place() const { return place_.empty() ? "/" : place_; }

  [[nodiscard]] Result<void> owned_by_another(std::string_view what, const struct stat& status) const {
    return fail(
        FileErrc::not_trusted,
        fmt::format("{} belongs to uid {} (mode {:04o}), neither to root nor to this user (uid {}), so "
                    "it is not used.",
                    subject(what), status.st_uid, status.st_mode & 07777, ::geteuid()),
        fmt::format("If you trust who wrote it, make it your own: `chown {}{} {}`.",
                    S_ISLNK(status.st_mode) ? "-h " : "", ::geteuid(), place()));
  }
  [[nodiscard]] Result<void> open_to_others(std::string_view what, const struct stat& status) const {
    return fail(
        FileErrc::not_trusted,
        fmt::format("{} may be written by others (owner uid {}, group {}, mode {:04o}), so it is not "
                    "used.",
                    subject(what), status.st_uid, status.st_gid, status.st_mode & 07777),
        fmt::format("If you trust what is in it: `chmod go-w {}`{}.", place(),
                    S_ISDIR(status.st_mode) ? "; in Kubernetes use a ConfigMap or Secret, or subPath" : ""));
  }

  const std::string& path_;
  std::string rest_;  ///< of the path, yet to be walked
  Descriptor folder_;
  std::string place_;    ///< where the walk is, for people; "" is the root
  bool shared_ = false;  ///< others may make files in folder_, and only the sticky bit protects them there
  int links_ = 0;
};

}  // namespace

bool is_inherited(std::string_view path) {
  return path == "/dev/stdin" || path.starts_with("/dev/fd/") || path.starts_with("/proc/self/fd/");
}

Result<void> check_file_trust(const std::string& path) {
  if (is_inherited(path)) return {};
  return Walk(path).run();
}

}  // namespace rolegate::base

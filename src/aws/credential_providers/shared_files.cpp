#include "aws/credential_providers/shared_files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/credentials.hpp"
#include "base/file.hpp"
#include "base/secret.hpp"

namespace rolegate::aws {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr seconds kStampResolution{2};

nanoseconds since_epoch(const timespec& time) { return seconds(time.tv_sec) + nanoseconds(time.tv_nsec); }

struct Status {
  FileStamp stamp;
  bool others_may_read = false;
  bool settled = false;  ///< the stamp will differ when the file changes again
};

std::optional<Status> status_of(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0 || S_ISDIR(found.st_mode)) return std::nullopt;
  // The file system's own clock is meant here, whatever clock the credentials are judged by.
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  Status status;
  status.stamp = {found.st_dev, found.st_ino, found.st_size, since_epoch(found.st_mtim),
                  since_epoch(found.st_ctim)};
  status.others_may_read = (found.st_mode & S_IROTH) != 0;
  status.settled = stamp_is_settled(status.stamp, since_epoch(now));
  return status;
}

bool is_directory(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

std::shared_ptr<const ProfileFile> nothing(const std::string& path, std::string why) {
  return std::make_shared<const ProfileFile>(ProfileFile{path, {}, std::move(why)});
}

std::string expand_home(std::string path, const base::Environment& environment) {
  if (path == "~" || path.starts_with("~/")) return home_directory(environment) + path.substr(1);
  return path;
}

}  // namespace

bool stamp_is_settled(const FileStamp& stamp, nanoseconds now) {
  return now - std::max(stamp.modified, stamp.changed) > kStampResolution;
}

std::string home_directory(const base::Environment& environment) {
  if (auto home = environment.get("HOME")) return *std::move(home);
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr)
    return {};
  return found->pw_dir;
}

SharedFiles::SharedFiles(const base::Environment& environment, const base::Clock& clock, base::Log& log)
    : environment_(environment), clock_(clock), log_(log) {}

SharedFiles::Version SharedFiles::read(const Version& before, const std::string& path,
                                       bool keeps_secrets) const {
  Version next;
  const auto status = status_of(path);
  if (!status) {
    next.file = nothing(path, is_directory(path) ? "it is a directory, not a file" : "there is no such file");
    return next;
  }
  if (status->settled) next.stamp = status->stamp;
  next.others_may_read = status->others_may_read;
  if (keeps_secrets && next.others_may_read && !before.others_may_read) {
    log_.warning("{} holds keys and every user of this machine can read it; chmod 600 is right.", path);
  }
  auto text = base::read_file(path);
  if (!text) {
    if (text.error().is(base::FileErrc::too_large)) {
      next.broken = text.error();
      next.file = nothing(path, "it is too large");
      return next;
    }
    // botocore takes a file that it may not read for one that is not there.
    next.stamp.reset();
    next.file = nothing(
        path, text.error().is(base::FileErrc::not_found) ? "there is no such file" : "it cannot be read");
    return next;
  }
  const base::WipeAtEnd wipe(*text);
  auto content = parse_ini(*text, path);
  if (!content) {
    next.broken = content.error();
    next.file = nothing(path, "it is not an INI file");
    return next;
  }
  next.file = std::make_shared<const ProfileFile>(ProfileFile{path, std::move(*content), {}});
  return next;
}

SharedFiles::Version SharedFiles::look(const Version& before, const std::string& path,
                                       bool keeps_secrets) const {
  const bool same_file = before.file && before.file->path == path;
  if (same_file && before.stamp) {
    const auto status = status_of(path);
    if (status && status->stamp == *before.stamp) return before;
  }
  Version next = read(before, path, keeps_secrets);
  const bool had_content = same_file && !before.file->content.sections.empty();
  if (had_content && next.file->content.sections.empty()) {
    const auto since = before.bad_since.value_or(clock_.steady());
    if (clock_.steady() - since < kRewriteGrace)
      return {before.file, std::nullopt, std::nullopt, since, before.others_may_read};
  }
  // Still no such file: one object stands for that, so that Profiles need not be made anew.
  if (same_file && !before.file->missing.empty() && before.file->missing == next.file->missing) {
    next.file = before.file;
  }
  return next;
}

base::Result<std::shared_ptr<const Profiles>> SharedFiles::current() {
  const std::string config_path =
      expand_home(environment_.get_or("AWS_CONFIG_FILE", "~/.aws/config"), environment_);
  const std::string credentials_path =
      expand_home(environment_.get_or("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"), environment_);
  Version config;
  Version credentials;
  {
    const std::lock_guard lock(mutex_);
    config = config_;
    credentials = credentials_;
  }
  config = look(config, config_path, false);
  credentials = look(credentials, credentials_path, true);

  const std::lock_guard lock(mutex_);
  config_ = config;
  credentials_ = credentials;
  if (config.broken) return std::unexpected(*config.broken);
  if (credentials.broken) return std::unexpected(*credentials.broken);
  if (!profiles_ || &profiles_->config_file() != config.file.get() ||
      &profiles_->credentials_file() != credentials.file.get()) {
    profiles_ = std::make_shared<const Profiles>(config.file, credentials.file);
  }
  return profiles_;
}

}  // namespace rolegate::aws

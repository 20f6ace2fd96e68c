#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "aws/credential_providers/profiles.hpp"
#include "base/clock.hpp"
#include "base/environment.hpp"
#include "base/error.hpp"
#include "base/log.hpp"

namespace rolegate::aws {

/// How long the last good version of a file still counts after the file became empty, unreadable as INI, or
/// vanished: whoever rotates keys may be in the middle of writing, and falling through to another identity
/// for that moment would be worse than using the old keys once more.
inline constexpr std::chrono::seconds kRewriteGrace{2};

/// What tells one version of a file from another.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::chrono::nanoseconds modified{0};  ///< since the epoch
  std::chrono::nanoseconds changed{0};   ///< ctime
  bool operator==(const FileStamp&) const = default;
};

/// A file system's clock goes in steps of up to two seconds: a file as young as that may change once more and
/// keep its stamp. `now` since the epoch.
[[nodiscard]] bool stamp_is_settled(const FileStamp& stamp, std::chrono::nanoseconds now);

/// ~/.aws/config and ~/.aws/credentials, or the files that AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE
/// name; read again when they change. Thread-safe; no lock is held while a file is read.
class SharedFiles {
 public:
  /// The referents outlive this object.
  SharedFiles(const base::Environment& environment, const base::Clock& clock, base::Log& log);

  /// The same object as long as neither file changes. A file that is not there counts as empty; one that is
  /// there and is no INI file is an error (credentials_invalid, with file and line).
  [[nodiscard]] base::Result<std::shared_ptr<const Profiles>> current();

 private:
  /// What is known of one file.
  struct Version {
    std::shared_ptr<const ProfileFile> file;
    std::optional<FileStamp> stamp;             ///< not set: not there, or not to be trusted
    std::optional<base::Error> broken;          ///< it is there, but is no INI file
    std::optional<base::SteadyTime> bad_since;  ///< `file` is the last good version since then
    bool others_may_read = false;               ///< has been said
  };
  [[nodiscard]] Version look(const Version& before, const std::string& path, bool keeps_secrets) const;
  [[nodiscard]] Version read(const Version& before, const std::string& path, bool keeps_secrets) const;

  const base::Environment& environment_;
  const base::Clock& clock_;
  base::Log& log_;

  std::mutex mutex_;
  Version config_;
  Version credentials_;
  std::shared_ptr<const Profiles> profiles_;
};

/// $HOME, else the home folder in the password database, as Python's expanduser has it; may be empty.
[[nodiscard]] std::string home_directory(const base::Environment& environment);

}  // namespace rolegate::aws

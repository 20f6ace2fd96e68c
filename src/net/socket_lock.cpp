#include "net/socket_lock.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rolegate::net {
namespace {

std::string lock_path(const std::string& socket_path) { return socket_path + ".lock"; }

std::string reason(int error) { return std::generic_category().message(error); }

/// What makes a lock file one that must not be written to: in a folder that others can write to (/tmp) it may
/// be somebody else's, or another name of one of our own files.
bool is_ours(const struct stat& file) {
  return S_ISREG(file.st_mode) && file.st_uid == ::geteuid() && file.st_nlink <= 1;
}

/// The name still leads to this file: it was not removed by its last holder between our open and our lock.
bool is_at(const std::string& path, const struct stat& file) {
  struct stat named{};
  return ::lstat(path.c_str(), &named) == 0 && named.st_dev == file.st_dev && named.st_ino == file.st_ino;
}

std::string holder(int file) {
  char text[32];
  const ssize_t size = ::pread(file, text, sizeof text, 0);
  long process = 0;
  if (size <= 0 || std::from_chars(text, text + size, process).ec != std::errc()) return "another process";
  return fmt::format("process {}", process);
}

void write_process_id(int file) {
  const std::string line = fmt::format("{}\n", ::getpid());
  // It is told to people and other servers; the lock holds without it (a full disk).
  if (::ftruncate(file, 0) == 0 && ::pwrite(file, line.data(), line.size(), 0) < 0) return;
}

enum class Locked { yes, held, vanished, failed };

Locked try_lock(int file, const std::string& path, const struct stat& status) {
  int done = -1;
  do done = ::flock(file, LOCK_EX | LOCK_NB);
  while (done != 0 && errno == EINTR);
  if (done != 0) return errno == EWOULDBLOCK ? Locked::held : Locked::failed;
  return is_at(path, status) ? Locked::yes : Locked::vanished;
}

}  // namespace

base::Result<base::Descriptor> take_socket_lock(const std::string& socket_path, const std::string& address) {
  const std::string path = lock_path(socket_path);
  const auto unusable = [&](const std::string& why, std::string hint) {
    return base::fail(ListenErrc::socket_path_unusable,
                      fmt::format("Cannot listen on {}: its lock file {} {}.", address, path, why),
                      std::move(hint));
  };
  // Each round that finds the file gone means that somebody else gave the lock back just then.
  for (int round = 0; round < 100; ++round) {
    // O_NONBLOCK: a FIFO that somebody put there must not hold the start up.
    base::Descriptor file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!file) {
      return unusable(fmt::format("cannot be opened: {}", reason(errno)),
                      "The gateway's user must be able to write to that folder; remove a lock file that "
                      "belongs to another user.");
    }
    struct stat status{};
    if (::fstat(file.get(), &status) != 0 || !is_ours(status)) {
      return unusable("is not a file of the gateway's own", "Remove it, or choose another folder.");
    }
    switch (try_lock(file.get(), path, status)) {
      case Locked::yes:
        write_process_id(file.get());
        return file;
      case Locked::held:
        return unusable(fmt::format("is held by {}", holder(file.get())),
                        "Stop that gateway, or choose another path.");
      case Locked::failed:
        return unusable(fmt::format("cannot be locked: {}", reason(errno)), "Choose another folder.");
      case Locked::vanished:
        break;
    }
  }
  return unusable("is made and removed all the time",
                  "Another gateway seems to be restarting over and over.");
}

void drop_socket_lock(base::Descriptor& lock, const std::string& socket_path) noexcept {
  if (!lock) return;
  try {
    const std::string path = lock_path(socket_path);
    struct stat status{};
    if (::fstat(lock.get(), &status) == 0 && is_at(path, status)) ::unlink(path.c_str());
  } catch (const std::bad_alloc&) {
    // The file stays; the next gateway takes it over.
  }
  lock.close();
}

}  // namespace rolegate::net

#include "base/file.hpp"

#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rolegate::base {
namespace {

/// Closes a descriptor at the end of the scope.
struct Descriptor {
  int fd;
  explicit Descriptor(int opened) : fd(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

std::string_view code_name(FileErrc code) {
  switch (code) {
    case FileErrc::not_found: return "file_not_found";
    case FileErrc::unreadable: return "file_unreadable";
    case FileErrc::too_large: return "file_too_large";
  }
  return "file_unreadable";
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.fd < 0) {
    const auto code = errno == ENOENT || errno == ENOTDIR ? FileErrc::not_found : FileErrc::unreadable;
    return fail(code, fmt::format("{} cannot be opened: {}.", path, reason(errno)));
  }
  struct stat status {};
  if (::fstat(file.fd, &status) != 0 || S_ISDIR(status.st_mode)) {
    return fail(FileErrc::unreadable, fmt::format("{} is not a file.", path));
  }
  std::string text;
  text.reserve(static_cast<std::size_t>(status.st_size > 0 ? status.st_size : 0) + 1 <= max_bytes + 1
                   ? static_cast<std::size_t>(status.st_size) + 1
                   : max_bytes + 1);
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(file.fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(FileErrc::unreadable, fmt::format("{} cannot be read: {}.", path, reason(errno)));
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > max_bytes) {
      return fail(FileErrc::too_large, fmt::format("{} is larger than {} bytes.", path, max_bytes));
    }
  }
}

}  // namespace rolegate::base

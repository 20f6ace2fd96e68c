#include "base/file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.hpp"
#include "base/secret.hpp"

namespace rolegate::base {
namespace {

/// What is asked of files that do not say how long they are (/proc, a pipe).
constexpr std::size_t kSmallest = 4096;

/// Grows a string without leaving its old buffer about.
void grow(std::string& text, std::size_t size) {
  std::string larger(size, '\0');
  std::copy(text.begin(), text.end(), larger.begin());
  wipe(text);
  text = std::move(larger);
}

std::string reason(int error) { return std::generic_category().message(error); }

Result<std::string> read_all(int file, const std::string& name, std::size_t max_bytes) {
  struct stat status{};
  if (::fstat(file, &status) != 0 || S_ISDIR(status.st_mode)) {
    return fail(FileErrc::unreadable, fmt::format("{} is a directory, not a file.", name));
  }
  // Read into the string itself, which is all that is left to wipe when the file holds a secret. One byte
  // more than it has, so that its end shows.
  const auto known = static_cast<std::size_t>(status.st_size > 0 ? status.st_size : 0);
  std::string text;
  text.resize(std::min(std::max(known, kSmallest), max_bytes) + 1);
  std::size_t size = 0;
  for (;;) {
    const ssize_t got = ::read(file, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      wipe(text);
      return fail(FileErrc::unreadable, fmt::format("{} cannot be read: {}.", name, reason(error)));
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
    if (size > max_bytes) {
      wipe(text);
      return fail(FileErrc::too_large, fmt::format("{} is larger than {} bytes.", name, max_bytes));
    }
    if (size == text.size()) grow(text, std::min(2 * size, max_bytes + 1));
  }
  text.resize(size);
  return text;
}

}  // namespace

Error not_opened(const std::string& path, int error) {
  const auto code = error == ENOENT || error == ENOTDIR ? FileErrc::not_found : FileErrc::unreadable;
  return make_error(code, fmt::format("{} cannot be opened: {}.", path, reason(error)));
}

std::string_view code_name(FileErrc code) {
  switch (code) {
    case FileErrc::not_found:
      return "file_not_found";
    case FileErrc::unreadable:
      return "file_unreadable";
    case FileErrc::too_large:
      return "file_too_large";
    case FileErrc::not_trusted:
      return "file_not_trusted";
    case FileErrc::unwritable:
      return "file_unwritable";
  }
  return "file_unreadable";
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return std::unexpected(not_opened(path, errno));
  return read_all(file.get(), path, max_bytes);
}

Result<std::string> read_input(const std::string& path, std::size_t max_bytes) {
  if (path == "-") return read_all(STDIN_FILENO, "standard input", max_bytes);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::unexpected(not_opened(path, errno));
  return read_all(file.get(), path, max_bytes);
}

Result<void> replace_file(const std::string& path, std::string_view text, unsigned mode) {
  std::string partial = path + ".XXXXXX";
  int error = 0;
  {
    const Descriptor file(::mkostemp(partial.data(), O_CLOEXEC));
    if (!file) error = errno;
    if (error == 0 && ::fchmod(file.get(), mode) != 0) error = errno;
    while (error == 0 && !text.empty()) {
      const ssize_t count = ::write(file.get(), text.data(), text.size());
      if (count >= 0) text.remove_prefix(static_cast<std::size_t>(count));
      if (count < 0 && errno != EINTR) error = errno;
    }
    if (error == 0 && ::fsync(file.get()) != 0) error = errno;
    if (!file)
      return fail(FileErrc::unwritable, fmt::format("{} cannot be written: {}.", path, reason(error)));
  }
  if (error == 0 && ::rename(partial.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(partial.c_str());
  return fail(FileErrc::unwritable, fmt::format("{} cannot be written: {}.", path, reason(error)));
}

}  // namespace rolegate::base

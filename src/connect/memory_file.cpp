#include "connect/memory_file.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "connect/connect.hpp"
#include "upstream/errc.hpp"

namespace rolegate::connect {
namespace {

std::unexpected<base::Error> failed(const char* what) {
  return base::fail(upstream::Errc::ca_missing,
                    fmt::format("The certificates cannot be handed to the client library: {}: {}.", what,
                                std::generic_category().message(errno)));
}

}  // namespace

MemoryFile::MemoryFile(int descriptor)
    : descriptor_(descriptor), path_(fmt::format("/proc/self/fd/{}", descriptor)) {}

MemoryFile::MemoryFile(MemoryFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

MemoryFile& MemoryFile::operator=(MemoryFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(path_, other.path_);
  return *this;
}

MemoryFile::~MemoryFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

base::Result<MemoryFile> MemoryFile::with(std::string_view text) {
  const int descriptor = ::memfd_create("rolegate-certificates", MFD_CLOEXEC);
  if (descriptor < 0) return failed("memfd_create");
  MemoryFile file(descriptor);
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed("write");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::access(file.path_.c_str(), R_OK) != 0) return failed(file.path_.c_str());
  return file;
}

}  // namespace rolegate::connect

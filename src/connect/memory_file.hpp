#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rolegate::connect {

/// A text with a path, for client libraries that take a certificate only from a file. It lives in memory, no
/// other program can change it between writing and reading, and it is gone with the object.
class MemoryFile {
 public:
  /// Fails with ca_missing when the system has no memfd or no /proc.
  static base::Result<MemoryFile> with(std::string_view text);
  MemoryFile(MemoryFile&& other) noexcept;
  MemoryFile& operator=(MemoryFile&& other) noexcept;
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile();

  /// "/proc/self/fd/7"; good in this process as long as the object lives.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit MemoryFile(int descriptor);
  int descriptor_ = -1;
  std::string path_;
};

}  // namespace rolegate::connect

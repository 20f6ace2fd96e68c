#pragma once

#include <string>
#include <utility>

#include "base/environment.hpp"
#include "base/error.hpp"

namespace rolegate::serve {

/// A folder of the process's own for its unix sockets; removed when it goes away, if it is empty then.
class SocketFolder {
 public:
  /// In $XDG_RUNTIME_DIR, else in /tmp; mode 0700. Error: socket_folder_failed.
  [[nodiscard]] static base::Result<SocketFolder> make(const base::Environment& environment);
  SocketFolder(SocketFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  SocketFolder& operator=(SocketFolder&&) = delete;
  ~SocketFolder();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit SocketFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace rolegate::serve

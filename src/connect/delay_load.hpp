#pragma once

#include <string>

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/error.hpp"
#include "connect/connect.hpp"

namespace rolegate::connect {

/// A shared library that is opened at its first use and never closed. See pq_library.hpp for the reason.
class DelayedLibrary {
 public:
  DelayedLibrary(const char* file, const char* package) : file_(file), package_(package) {
    handle_ = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) {
      const char* reason = ::dlerror();
      missing_ = reason != nullptr ? reason : file;
    }
  }

  template <typename Function>
  void find(Function*& function, const char* name) {
    function = handle_ == nullptr ? nullptr : reinterpret_cast<Function*>(::dlsym(handle_, name));
    if (function == nullptr && missing_.empty()) missing_ = fmt::format("{} has no {}", file_, name);
  }

  [[nodiscard]] base::Result<void> result() const {
    if (missing_.empty()) return {};
    return base::fail(Errc::connection_failed,
                      fmt::format("The database client library does not load: {}.", missing_),
                      fmt::format("Install the package {}.", package_));
  }

 private:
  const char* file_;
  const char* package_;
  void* handle_ = nullptr;
  std::string missing_;
};

}  // namespace rolegate::connect

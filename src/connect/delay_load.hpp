#pragma once

#include <string>

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/error.hpp"
#include "connect/connect.hpp"
#include "upstream/errc.hpp"

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
    return base::fail(upstream::Errc::connection_failed,
                      fmt::format("The database client library does not load: {}.", missing_),
                      fmt::format("Install the package {}.", package_));
  }

 private:
  const char* file_;
  const char* package_;
  void* handle_ = nullptr;
  std::string missing_;
};

/// The functions of one library, as `Functions` names them; opened once per process, as the library itself
/// is.
template <typename Functions>
struct DelayedFunctions {
  Functions functions{};
  base::Result<void> loaded;
};

}  // namespace rolegate::connect

// From LIST, a macro that applies its argument to the name of each function: the table of typed pointers
// (Functions), functions(), and library(), which opens the library when it is first called.
// A declared name takes no parentheses: NOLINTBEGIN(bugprone-macro-parentheses)
#define ROLEGATE_DELAYED_MEMBER(name) decltype(&::name) name = nullptr;
#define ROLEGATE_DELAYED_FIND(name) file.find(opened.functions.name, #name);
#define ROLEGATE_DELAYED_LIBRARY(LIST, FILE_NAME, PACKAGE)   \
  struct Functions {                                         \
    LIST(ROLEGATE_DELAYED_MEMBER)                            \
  };                                                         \
  const DelayedFunctions<Functions>& library() {             \
    static const DelayedFunctions<Functions> kLibrary = [] { \
      DelayedFunctions<Functions> opened;                    \
      DelayedLibrary file(FILE_NAME, PACKAGE);               \
      LIST(ROLEGATE_DELAYED_FIND)                            \
      opened.loaded = file.result();                         \
      return opened;                                         \
    }();                                                     \
    return kLibrary;                                         \
  }                                                          \
  const Functions& functions() { return library().functions; }
// NOLINTEND(bugprone-macro-parentheses)

#pragma once

#include <optional>

#include "base/environment.hpp"
#include "base/error.hpp"
#include "connect/memory_file.hpp"
#include "login/login.hpp"
#include "upstream/ca.hpp"

namespace rolegate::connect {

/// What a server's certificate is verified with, in the form the client libraries take: a file.
struct Verification {
  upstream::TrustedCertificates trusted;
  std::optional<MemoryFile> file;  ///< none with sslmode=require, which verifies nothing

  /// `otherwise` when there is no file.
  [[nodiscard]] const char* path_or(const char* otherwise) const {
    return file ? file->path().c_str() : otherwise;
  }
};

[[nodiscard]] base::Result<Verification> verification_for(const login::Login& login,
                                                          const base::Environment& environment);

}  // namespace rolegate::connect

#pragma once

#include <string>

#include "base/environment.hpp"
#include "base/error.hpp"
#include "login/login.hpp"

namespace rolegate::connect {

/// The certificates (PEM text) a login's server certificate must chain to: the file of sslrootcert; else for
/// *.rds.amazonaws.com* Amazon's RDS bundle (installed with the program) together with the system store; else
/// the system store. The error names the places that were looked at.
[[nodiscard]] base::Result<std::string> ca_certificates(const login::Login& login, const base::Environment& environment);

/// The same as a file, for programs that only take a path: sslrootcert itself, or a file below the user's
/// cache directory ($XDG_CACHE_HOME/rolegate) that is written anew when its content would change.
[[nodiscard]] base::Result<std::string> ca_file(const login::Login& login, const base::Environment& environment);

}  // namespace rolegate::connect

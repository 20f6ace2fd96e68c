#pragma once

#include <string_view>

#include "base/error.hpp"

namespace rolegate::login {

enum class Errc {
  login_timeout,         ///< the deadline of this login passed while it waited for AWS
  call_failed,           ///< a call to AWS ended in an exception: a bug, or no memory
  call_not_made,         ///< the program is shutting down, or far too many calls are waiting
  credentials_expiring,  ///< what AWS or a provider handed out ends before it could be used
  identity_changed,      ///< a renewal found other base credentials than the entry was made with
};
[[nodiscard]] std::string_view code_name(Errc code);

/// The same error, its message naming the database that it is about.
[[nodiscard]] base::Error about_database(std::string_view database, base::Error error);

}  // namespace rolegate::login

#include "login/errc.hpp"

#include <fmt/format.h>

namespace rolegate::login {

std::string_view code_name(Errc code) {
  switch (code) {
    case Errc::login_timeout:
      return "login_timeout";
    case Errc::call_failed:
      return "call_failed";
    case Errc::call_not_made:
      return "call_not_made";
    case Errc::credentials_expiring:
      return "credentials_expiring";
    case Errc::identity_changed:
      return "identity_changed";
  }
  return {};
}

base::Error about_database(std::string_view database, base::Error error) {
  error.message = fmt::format("Database '{}': {}", database, error.message);
  return error;
}

}  // namespace rolegate::login

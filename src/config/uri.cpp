#include "config/uri.hpp"

#include <tuple>

namespace rolegate::config {

std::string_view ssl_mode_name(SslMode mode) {
  switch (mode) {
    case SslMode::require:
      return "require";
    case SslMode::verify_ca:
      return "verify-ca";
    case SslMode::verify_full:
      return "verify-full";
  }
  return {};
}

bool Uri::operator==(const Uri& other) const {
  const auto but_for_password = [](const Uri& uri) {
    return std::tie(uri.engine, uri.host, uri.port, uri.user, uri.database, uri.ssl_mode, uri.ssl_root_cert,
                    uri.connect_timeout, uri.connect_to);
  };
  return but_for_password(*this) == but_for_password(other) && password.equals(other.password.reveal());
}

}  // namespace rolegate::config

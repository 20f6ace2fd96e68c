#include "config/uri.hpp"

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

}  // namespace rolegate::config

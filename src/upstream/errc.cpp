#include "upstream/errc.hpp"

namespace rolegate::upstream {

std::string_view code_name(Errc code) {
  switch (code) {
    case Errc::resolve_failed:
      return "resolve_failed";
    case Errc::connect_failed:
      return "connect_failed";
    case Errc::connect_timeout:
      return "connect_timeout";
    case Errc::tls_not_offered:
      return "tls_not_offered";
    case Errc::tls_verification_failed:
      return "tls_verification_failed";
    case Errc::tls_failed:
      return "tls_failed";
    case Errc::bytes_before_tls:
      return "bytes_before_tls";
    case Errc::iam_token_refused:
      return "iam_token_refused";
    case Errc::password_refused:
      return "password_refused";
    case Errc::rate_limited:
      return "rate_limited";
    case Errc::database_unavailable:
      return "database_unavailable";
    case Errc::connection_failed:
      return "connection_failed";
    case Errc::ca_missing:
      return "ca_missing";
    case Errc::login_rate_exceeded:
      return "login_rate_exceeded";
    case Errc::upstream_timeout:
      return "upstream_timeout";
    case Errc::upstream_lost:
      return "upstream_lost";
    case Errc::greeting_differs:
      return "greeting_differs";
  }
  return {};
}

}  // namespace rolegate::upstream

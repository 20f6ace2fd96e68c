#include "gateway/errc.hpp"

namespace rolegate::gateway {

std::string_view code_name(Errc code) {
  switch (code) {
    case Errc::login_rate_exceeded:
      return "login_rate_exceeded";
    case Errc::upstream_timeout:
      return "upstream_timeout";
    case Errc::upstream_lost:
      return "upstream_lost";
    case Errc::greeting_differs:
      return "greeting_differs";
    case Errc::gateway_not_configured:
      return "gateway_not_configured";
  }
  return {};
}

}  // namespace rolegate::gateway

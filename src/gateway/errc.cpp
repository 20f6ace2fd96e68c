#include "gateway/errc.hpp"

namespace rolegate::gateway {

std::string_view code_name(Errc code) {
  switch (code) {
    case Errc::gateway_not_configured:
      return "gateway_not_configured";
  }
  return {};
}

}  // namespace rolegate::gateway

#include "gateway/stats.hpp"

namespace rolegate::gateway {

std::string_view refusal_name(Refusal refusal) {
  switch (refusal) {
    case Refusal::authentication:
      return "authentication";
    case Refusal::database:
      return "database";
    case Refusal::protocol:
      return "protocol";
    case Refusal::timeout:
      return "timeout";
    case Refusal::too_many:
      return "too_many";
    case Refusal::users_missing:
      return "users_missing";
    case Refusal::cancel_key:
      return "cancel_key";
  }
  return {};
}

}  // namespace rolegate::gateway

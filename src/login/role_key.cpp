#include "login/role_key.hpp"

#include <functional>

namespace rolegate::login {

std::size_t hash_with(std::size_t seed, std::size_t further) {
  // 2^64 divided by the golden ratio: spreads neighbouring values.
  return seed ^ (further + 0x9e3779b97f4a7c15U + (seed << 6) + (seed >> 2));
}

std::size_t RoleKeyView::hash() const {
  std::size_t sum = std::hash<std::string_view>()(role_arn);
  for (const std::string_view part : {identity, region, external_id, session_name}) {
    sum = hash_with(sum, std::hash<std::string_view>()(part));
  }
  return hash_with(sum, static_cast<std::size_t>(duration.count()));
}

RoleKey::RoleKey(const View& view)
    : identity(view.identity),
      role_arn(view.role_arn),
      region(view.region),
      external_id(view.external_id),
      session_name(view.session_name),
      duration(view.duration) {}

}  // namespace rolegate::login

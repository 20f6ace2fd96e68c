#include "base/role_session_name.hpp"

#include <algorithm>

namespace rolegate::base {

bool is_role_session_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_+=,.@-").contains(c);
  };
  return name.size() >= 2 && name.size() <= 64 && std::ranges::all_of(name, allowed);
}

}  // namespace rolegate::base

#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace rolegate::base {

/// "1 problem", "2 problems".
template <typename Number>
[[nodiscard]] std::string counted(Number number, std::string_view noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

}  // namespace rolegate::base

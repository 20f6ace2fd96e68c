#pragma once

#include <string_view>

#include "base/error.hpp"

namespace rolegate::gateway {

enum class Errc {
  gateway_not_configured,
};
[[nodiscard]] std::string_view code_name(Errc code);

}  // namespace rolegate::gateway

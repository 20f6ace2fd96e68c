#pragma once

#include <string>

#include "login/login.hpp"

namespace rolegate::connect {

/// Why a database may refuse an IAM login, likeliest first, each with its remedy: databases answer all of
/// these with one and the same sentence.
[[nodiscard]] std::string refusal_causes(const login::Login& login);

}  // namespace rolegate::connect
